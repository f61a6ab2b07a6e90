package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseProcessStat(t *testing.T) {
	const rest = " 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345678 999 1"
	for name, test := range map[string]struct {
		text  string
		state byte
		start uint64
		fails bool
	}{
		"plain":                       {text: "4242 (runsc-sandbox) S" + rest, state: 'S', start: 12345678},
		"name with space and bracket": {text: "4242 (a) R (b c) D" + rest, state: 'D', start: 12345678},
		"empty name":                  {text: "4242 () Z" + rest, state: 'Z', start: 12345678},
		"cut short":                   {text: "4242 (x) S 1 2 3", fails: true},
		"no name":                     {text: "4242 S 1 2 3", fails: true},
		"start is no number":          {text: "4242 (x) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 soon 1", fails: true},
		"long state":                  {text: "4242 (x) SS" + rest, fails: true},
		"nothing":                     {fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			state, start, err := parseProcessStat([]byte(test.text))
			assert.Equal(t, test.fails, err != nil, err)
			if !test.fails {
				assert.Equal(t, test.state, state)
				assert.Equal(t, test.start, start)
			}
		})
	}
}

func FuzzParseProcessStat(f *testing.F) {
	f.Add([]byte("4242 (runsc-sandbox) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345678 999 1"))
	f.Add([]byte(")"))
	f.Fuzz(func(t *testing.T, data []byte) {
		state, start, err := parseProcessStat(data)
		if err != nil && (state != 0 || start != 0) {
			t.Fatalf("half a result beside the error %v", err)
		}
	})
}

func TestProcessStartTellsProcesses(t *testing.T) {
	processes := Processes{Root: "/proc"}
	own, err := processes.ProcessStart(os.Getpid())
	require.NoError(t, err)
	again, err := processes.ProcessStart(os.Getpid())
	require.NoError(t, err)
	assert.Equal(t, own, again)
	started, err := processes.StartTime(own)
	require.NoError(t, err)
	assert.False(t, started.After(time.Now()))

	child := exec.Command("sleep", "60")
	require.NoError(t, child.Start())
	ticks, err := processes.ProcessStart(child.Process.Pid)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, ticks, own)
	require.NoError(t, child.Process.Kill())
	// Until it is waited for it is a zombie, which has a file in /proc still.
	require.Eventually(t, func() bool {
		_, err = processes.ProcessStart(child.Process.Pid)
		return err != nil
	}, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, err, ErrNoProcess)
	require.Error(t, child.Wait())
	_, err = processes.ProcessStart(child.Process.Pid)
	require.ErrorIs(t, err, ErrNoProcess)
}

func TestProcessFilesThatAreNotWhatTheyShouldBe(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "7"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "7", "stat"), []byte("7 (x"), 0o600))
	_, err := Processes{Root: root}.ProcessStart(7)
	require.ErrorContains(t, err, "7/stat")
	require.NoError(t, os.WriteFile(filepath.Join(root, "stat"), []byte("cpu 1\nbtime soon\n"), 0o600))
	_, err = Processes{Root: root}.StartTime(1)
	require.ErrorContains(t, err, "btime")
	require.NoError(t, os.WriteFile(filepath.Join(root, "stat"), []byte("cpu 1\n"), 0o600))
	_, err = Processes{Root: root}.StartTime(1)
	require.ErrorContains(t, err, "btime")
}
