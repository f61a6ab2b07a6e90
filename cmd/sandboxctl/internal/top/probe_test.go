package top

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOnlyVisibleRowsAreContacted checks which sandboxes receive requests: never those of
// Kata.
func TestOnlyVisibleRowsAreContacted(t *testing.T) {
	x := newTable(t, manyRows(30)...)
	x.source.rows[1].Contactable = false
	x.refresh(0)
	assert.Equal(t, []string{"00", "02", "03", "04", "05", "06", "07"}, x.source.pulled)
	x.source.pulled = nil
	x.press("pgdown")
	assert.Equal(t, []string{"08", "09", "10", "11", "12", "13", "14", "15"}, x.source.pulled)
}

// TestRequestsAreLimited checks the time between two requests to a sandbox.
func TestRequestsAreLimited(t *testing.T) {
	x := newTable(t, manyRows(1)...)
	x.refresh(0)
	for range 9 {
		x.refresh(time.Second)
		x.press("r", "r")
	}
	assert.Len(t, x.source.pulled, 1)
	x.refresh(time.Second)
	assert.Len(t, x.source.pulled, 2)
	assert.Equal(t, "1.23ms", x.response(&x.rows[0]))

	x.source.pull = func(string) (time.Duration, bool, error) { return probeTimeout, true, context.DeadlineExceeded }
	x.refresh(minProbeInterval)
	assert.Len(t, x.source.pulled, 3)
	assert.Equal(t, []string{"none", "unresponsive"}, []string{x.response(&x.rows[0]), x.state(&x.rows[0])})
	x.refresh(minUnresponsiveInterval - 1)
	assert.Len(t, x.source.pulled, 3, "a sandbox that does not respond receives hardly any more")
	x.refresh(1)
	assert.Len(t, x.source.pulled, 4)

	x.source.pull = func(string) (time.Duration, bool, error) { return 25 * time.Millisecond, false, errors.New("rejected") }
	x.refresh(minUnresponsiveInterval)
	assert.Equal(t, []string{"failed", "running"}, []string{x.response(&x.rows[0]), x.state(&x.rows[0])})
}

// TestOneRequestIsInFlight checks that nothing is sent before the response.
func TestOneRequestIsInFlight(t *testing.T) {
	x := newTable(t, manyRows(3)...)
	_, command := x.Update(x.measure()())
	require.NotNil(t, command)
	require.True(t, x.probing)
	for _, message := range []tea.Msg{tea.WindowSizeMsg{Width: 100, Height: 20}, tea.KeyPressMsg{Text: "r", Code: 'r'}} {
		_, further := x.Update(message)
		assert.Nil(t, further)
	}
	message := lastOf(command)
	x.source.rows = nil
	x.refresh(time.Second)
	_, further := x.Update(message)
	assert.Nil(t, further)
	assert.Empty(t, x.probes, "nothing is kept about a sandbox that has ended")
	assert.Empty(t, x.histories)
}

// TestRun runs the program with a terminal that is replaced by pipes.
func TestRun(t *testing.T) {
	for name, end := range map[string]func(io.Writer, context.CancelFunc){
		"key":     func(keys io.Writer, _ context.CancelFunc) { _, _ = keys.Write([]byte("q")) },
		"context": func(_ io.Writer, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			keys, input := io.Pipe()
			defer func() { _ = input.Close() }()
			measured := make(chan struct{}, 100)
			var screen bytes.Buffer
			ended := make(chan error)
			source := &signalingSource{fakeSource{rows: manyRows(0)}, measured}
			go func() {
				settings := &Settings{Source: source, Interval: time.Millisecond, Sort: ByCPU, Now: time.Now}
				ended <- Run(ctx, settings, keys, &screen, tea.WithWindowSize(140, 12), tea.WithEnvironment([]string{"TERM=xterm"}))
			}()
			for range 3 {
				<-measured
			}
			go end(input, cancel)
			require.NoError(t, <-ended)
		})
	}
}

// signalingSource signals each measurement.
type signalingSource struct {
	fakeSource
	measured chan<- struct{}
}

func (s *signalingSource) Measure(ctx context.Context) ([]Row, error) {
	select {
	case s.measured <- struct{}{}:
	default:
	}
	return s.fakeSource.Measure(ctx)
}
