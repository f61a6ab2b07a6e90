package top

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "regenerate the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testTime = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// table is a model with a fixed clock, without a terminal.
type table struct {
	*testing.T
	*Model
	clock  time.Time
	source *fakeSource
}

// fakeSource returns what a test prescribes.
type fakeSource struct {
	rows []Row
	err  error
	// pulled are the sandboxes that received a request.
	pulled []string
	pull   func(key string) (time.Duration, bool, error)
}

func (s *fakeSource) Measure(context.Context) ([]Row, error) {
	return append([]Row(nil), s.rows...), s.err
}

func (s *fakeSource) Pull(_ context.Context, key string) (time.Duration, bool, error) {
	s.pulled = append(s.pulled, key)
	return s.pull(key)
}

func newTable(t *testing.T, rows ...Row) *table {
	t.Helper()
	source := &fakeSource{rows: rows, pull: func(string) (time.Duration, bool, error) { return 1234 * time.Microsecond, false, nil }}
	x := &table{T: t, clock: testTime, source: source}
	x.Model = NewModel(t.Context(), &Settings{
		Source: source, Interval: 2 * time.Second, Sort: ByCPU, Now: func() time.Time { return x.clock },
	})
	x.send(tea.WindowSizeMsg{Width: 140, Height: 12})
	return x
}

// send passes a message to the model, and the messages of requests that follow from it.
func (x *table) send(message tea.Msg) {
	for message != nil {
		_, wasProbed := message.(probed)
		wasProbing := x.probing && !wasProbed
		_, command := x.Update(message)
		message = nil
		// The model returns a request last; waiting for the next tick is left out.
		if x.probing && !wasProbing {
			message = lastOf(command)
		}
	}
}

// lastOf runs the last of several commands, which is that with the request.
func lastOf(command tea.Cmd) tea.Msg {
	message := command()
	if batch, several := message.(tea.BatchMsg); several {
		return batch[len(batch)-1]()
	}
	return message
}

// refresh measures after some time, in which all sandboxes have used CPU time.
func (x *table) refresh(after time.Duration, cpu ...time.Duration) {
	x.clock = x.clock.Add(after)
	for i, more := range cpu {
		x.source.rows[i].CPU += more
	}
	x.send(x.measure()())
}

// press presses keys.
func (x *table) press(keys ...string) {
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace, "space": tea.KeySpace,
	}
	for _, key := range keys {
		message := tea.KeyPressMsg{Text: key, Code: []rune(key)[0]}
		if code, isSpecial := special[key]; isSpecial {
			message = tea.KeyPressMsg{Code: code}
		}
		x.send(message)
	}
}

// golden compares the screen with a file.
func (x *table) golden(name string) {
	x.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := x.render(false) + "\n"
	if *update {
		require.NoError(x, os.MkdirAll("testdata", 0o755))
		require.NoError(x, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(x, err)
	assert.Equal(x, string(want), got, "run go test ./internal/top -update")
}

// ids returns the IDs of the visible rows.
func (x *table) ids() []string {
	ids := []string{}
	for _, row := range x.page() {
		ids = append(ids, row.ID)
	}
	return ids
}

// someRows are rows of all kinds.
func someRows() []Row {
	return []Row{
		{
			Key: "1", Runtime: "gvisor", State: "running", ID: "web", Name: "shop/web-0", Created: testTime.Add(-time.Hour),
			HasCPU: true, Memory: 100 << 20, HasMemory: true, Trust: "registered", Contactable: true,
		},
		{
			Key: "2", Runtime: "kata", State: "skipped", ID: "cache", Name: "shop/cache-0", Created: testTime.Add(-2 * time.Hour),
			HasCPU: true, Memory: 300 << 20, HasMemory: true, Reason: "unsafe_hypervisor",
		},
		{
			Key: "3", Runtime: "gvisor", State: "running", ID: "batch", Created: testTime.Add(-time.Minute),
			HasCPU: true, Memory: 200 << 20, HasMemory: true, Trust: "first_use", Contactable: true,
		},
		{Key: "4", Runtime: "kata", State: "booting", ID: "db", Name: "Größe/データ", Created: testTime, Reason: "no_state"},
		{Key: "5", Runtime: "gvisor", State: "stopped", ID: "\x1b[2Jold", Name: "evil\r\n\x1b]0;title\a", Created: testTime},
	}
}

// manyRows are rows with the IDs 00, 01 and so on.
func manyRows(count int) []Row {
	rows := make([]Row, count)
	for i := range rows {
		id := fmt.Sprintf("%02d", i)
		rows[i] = Row{Key: id, Runtime: "gvisor", State: "running", ID: id, Created: testTime, Contactable: true}
	}
	return rows
}

var errTest = errors.New("discover kata sandboxes: \x1b[31mpermission denied")
