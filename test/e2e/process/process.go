//go:build linux

// Package process runs programs for tests. Each program has a time limit, stops
// at the end of the test, and its output is shown if the test fails.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runTimeout limits the duration of a program that runs to completion.
const runTimeout = 2 * time.Minute

// stopGrace limits how long a program may take to exit after SIGTERM.
const stopGrace = 10 * time.Second

// Built returns the path of a program that make built in _build.
func Built(t *testing.T, name string) string {
	t.Helper()
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; directory = filepath.Dir(directory) {
		path := filepath.Join(directory, "_build", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if directory == filepath.Dir(directory) {
			t.Fatalf("_build/%s does not exist: run the tests with make e2e, which builds it", name)
		}
	}
}

// Installed returns the path of a program that test/e2e/install installs.
func Installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: run the tests with make e2e, which installs it", err)
	}
	return path
}

// Run runs a program and returns its standard output. The test fails if the
// program does.
func Run(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := Try(program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// Try is like [Run], but returns an error if the program fails.
func Try(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	// The output goes to files instead of pipes: background processes of the
	// program inherit it, and Wait would wait until they close a pipe.
	directory, err := os.MkdirTemp("", "output-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	stdout, err := os.Create(filepath.Join(directory, "stdout"))
	if err != nil {
		return "", err
	}
	defer stdout.Close()
	stderr, err := os.Create(filepath.Join(directory, "stderr"))
	if err != nil {
		return "", err
	}
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	runErr := cmd.Run()
	printed, err := os.ReadFile(stdout.Name())
	if err != nil {
		return "", err
	}
	if runErr != nil {
		message, _ := os.ReadFile(stderr.Name())
		return string(printed), fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), runErr, printed, message)
	}
	return string(printed), nil
}

// Process is a program that runs until the test ends.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output string
	ended  chan struct{}
}

// Option changes how a program is started.
type Option func(*exec.Cmd)

// Environment adds variables, each as NAME=value.
func Environment(variables ...string) Option {
	return func(cmd *exec.Cmd) { cmd.Env = append(cmd.Environ(), variables...) }
}

// Start starts a program. At the end of the test the program is stopped and, if
// the test failed, the end of its output is logged.
func Start(t *testing.T, command []string, options ...Option) *Process {
	t.Helper()
	name := filepath.Base(command[0])
	output, err := os.CreateTemp(t.TempDir(), name+"-")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = output, output
	// A separate process group, so that its children can be killed with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	for _, option := range options {
		option(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &Process{name: name, cmd: cmd, output: output.Name(), ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the error is also in ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, tail(p.Output(), 16<<10))
		}
	})
	return p
}

// PID returns the process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output returns the output of the program so far.
func (p *Process) Output() string {
	printed, err := os.ReadFile(p.output)
	if err != nil {
		return err.Error()
	}
	return string(printed)
}

// Running returns an error if the program has exited.
func (p *Process) Running() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s exited (%s) and printed:\n%s", p.name, p.cmd.ProcessState, tail(p.Output(), 4<<10))
	default:
		return nil
	}
}

// SkipUnlessRunning skips the test if the program has exited, because it does not work
// on this machine. The reason is the last line of its output.
func (p *Process) SkipUnlessRunning(t *testing.T) {
	t.Helper()
	if p.Running() == nil {
		return
	}
	lines := strings.Split(strings.TrimSpace(p.Output()), "\n")
	t.Skipf("%s does not run on this machine: %s", p.name, lines[len(lines)-1])
}

// Stop sends SIGTERM to the program, and kills it if it does not exit in time, in
// which case it returns an error.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	var err error
	select {
	case <-p.ended:
	case <-time.After(stopGrace):
		err = fmt.Errorf("did not exit within %v of SIGTERM", stopGrace)
	}
	// Kills the children too. The group no longer exists if there are none.
	if killErr := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); killErr != nil && !errors.Is(killErr, syscall.ESRCH) {
		err = errors.Join(err, killErr)
	}
	<-p.ended
	return err
}

// ExitCode returns the exit code of the program after Stop.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }

func tail(text string, size int) string {
	if len(text) <= size {
		return text
	}
	cut := []byte(text[len(text)-size:])
	if i := bytes.IndexByte(cut, '\n'); i >= 0 {
		cut = cut[i+1:]
	}
	return "…\n" + string(cut)
}

// Eventually calls check until it returns nil. The test fails with the last error
// if that takes longer than the timeout.
func Eventually(t *testing.T, timeout time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %v", timeout, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
