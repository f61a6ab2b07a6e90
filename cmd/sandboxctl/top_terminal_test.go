package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// commandVariable is the environment variable that makes this test binary the command.
const commandVariable = "SANDBOXCTL_TEST_COMMAND"

// terminal is what a program has written to a terminal.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (x *terminal) Write(data []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.Write(data)
}

func (x *terminal) contains(text string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Contains(x.text.String(), text)
}

// TestTopInTerminal runs the command in a pseudo-terminal of script(1).
func TestTopInTerminal(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("script(1) is not installed")
	}
	h := newExplainedHost(t)
	h.addGVisor(gvisor.Options{ID: "web"})
	top := "stty rows 24 cols 140; exec '" + os.Args[0] + "' top --interval=500ms" +
		" --kata-storage-paths=/nonexistent --gvisor-roots=" + h.RuntimeRoot()
	command := exec.CommandContext(t.Context(), script, "--quiet", "--return", "--command", top, "/dev/null")
	command.Env = append(os.Environ(), commandVariable+"=1", "TERM=xterm-256color")
	var screen terminal
	command.Stdout = &screen
	keys, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	const enterScreen, leaveScreen = "\x1b[?1049h", "\x1b[?1049l"
	for _, text := range []string{enterScreen, "sorted by cpu", "web", "registered"} {
		require.Eventually(t, func() bool { return screen.contains(text) }, time.Minute, 10*time.Millisecond, text)
	}
	_, err = keys.Write([]byte("/web"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return screen.contains("filter: ") }, time.Minute, 10*time.Millisecond)
	_, err = keys.Write([]byte("\rq"))
	require.NoError(t, err)
	require.NoError(t, command.Wait(), "the exit code is 0")
	require.True(t, screen.contains(leaveScreen), "the terminal is restored")
}
