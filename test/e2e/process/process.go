//go:build linux

// Package process runs programs for a test: each is bounded in time, none
// outlives the test, and what they print is at hand when something fails.
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

// runTimeout is for programs that do one thing and end.
const runTimeout = 2 * time.Minute

// stopGrace is how long a program may take to end when asked to.
const stopGrace = 10 * time.Second

// Built is the path of a program that make has built below _build.
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
			t.Fatalf("there is no _build/%s: run the tests with make e2e, which builds it", name)
		}
	}
}

// Installed is the path of a program that test/e2e/install has installed.
func Installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: run the tests with make e2e, which installs it", err)
	}
	return path
}

// Run runs a program to its end, which has to be a success, and returns what it
// printed to its standard output.
func Run(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := Try(program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// Try is [Run] for where a failure is no failure of the test.
func Try(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	// Files, not pipes: what a program leaves running in the background
	// inherits them, and nobody waits for a file to be closed.
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
		complaint, _ := os.ReadFile(stderr.Name())
		return string(printed), fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), runErr, printed, complaint)
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

// Start starts a program. At the end of the test it is stopped, and if the test
// failed, the end of what it printed is shown.
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
	// A group of its own, so that its children can be ended with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	for _, option := range options {
		option(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &Process{name: name, cmd: cmd, output: output.Name(), ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // says what the state says
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

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output is what the program has printed so far.
func (p *Process) Output() string {
	printed, err := os.ReadFile(p.output)
	if err != nil {
		return err.Error()
	}
	return string(printed)
}

// Running returns nil while the program runs.
func (p *Process) Running() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s has ended (%s) and printed:\n%s", p.name, p.cmd.ProcessState, tail(p.Output(), 4<<10))
	default:
		return nil
	}
}

// Stop asks the program to end, and after a while does not ask any more. It
// returns an error if the program had to be killed.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	var err error
	select {
	case <-p.ended:
	case <-time.After(stopGrace):
		err = fmt.Errorf("did not end within %v of SIGTERM", stopGrace)
	}
	// Ends the children too; the group is gone already if there are none.
	if killErr := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); killErr != nil && !errors.Is(killErr, syscall.ESRCH) {
		err = errors.Join(err, killErr)
	}
	<-p.ended
	return err
}

// ExitCode is that of the program, once it was stopped.
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

// Eventually calls check until it returns nil. If that takes longer than
// timeout, the test fails with its last error.
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
