package top

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSort presses each key, twice.
func TestSort(t *testing.T) {
	for key, want := range map[string][]string{
		"m": {"cache", "batch", "web", "db", "\x1b[2Jold"},
		"a": {"cache", "web", "batch", "db", "\x1b[2Jold"},
		"n": {"db", "\x1b[2Jold", "cache", "web", "batch"},
		"i": {"\x1b[2Jold", "batch", "cache", "db", "web"},
		"t": {"web", "batch", "\x1b[2Jold", "cache", "db"},
		"s": {"db", "web", "batch", "cache", "\x1b[2Jold"},
		"x": {"web", "batch", "cache", "db", "\x1b[2Jold"},
		"c": {"batch", "cache", "web", "db", "\x1b[2Jold"},
	} {
		x := newTable(t, someRows()...)
		x.source.rows[3].Name = "a" // "Größe" sorts before "evil"
		x.refresh(0)
		x.refresh(time.Second, time.Millisecond, 2*time.Millisecond, 3*time.Millisecond)
		if key == "c" {
			x.press("m")
		}
		x.press(key)
		assert.Equal(t, want, x.ids(), key)
		x.press(key)
		reversed := x.ids()
		assert.NotEqual(t, want, reversed, key)
		x.press(key)
		assert.Equal(t, want, x.ids(), key)
		x.press("r")
		assert.Equal(t, reversed, x.ids(), key)
	}
	for _, key := range SortKeys {
		parsed, err := ParseSortKey(string(key.Key))
		require.NoError(t, err)
		assert.Equal(t, key.Key, parsed)
	}
	_, err := ParseSortKey("size")
	require.EqualError(t, err, "must be one of cpu, memory, age, name, id, runtime, state, response")
}

func TestFilter(t *testing.T) {
	x := newTable(t, someRows()...)
	x.refresh(0)
	x.press("/", "S", "H", "O")
	assert.Equal(t, []string{"web", "cache"}, x.ids(), "case does not matter")
	x.press("q")
	assert.Empty(t, x.ids(), "the key is part of the filter")
	x.press("backspace", "enter")
	assert.Equal(t, []string{"web", "cache"}, x.ids())
	x.press("esc")
	assert.Len(t, x.ids(), 5)
	x.press("/", "backspace", "unsafe_", "enter")
	assert.Equal(t, []string{"cache"}, x.ids())
	x.press("/", "esc")
	assert.Len(t, x.ids(), 5)
	x.press("/")
	for range 2 * maxFilter {
		x.press("x")
	}
	assert.Len(t, x.filter, maxFilter)
}

func TestScroll(t *testing.T) {
	x := newTable(t, manyRows(30)...)
	x.refresh(0)
	for _, step := range []struct{ key, first string }{
		{"up", "00"},
		{"down", "01"},
		{"j", "02"},
		{"k", "01"},
		{"pgdown", "09"},
		{"pgdown", "17"},
		{"pgdown", "22"},
		{"down", "22"},
		{"pgup", "14"},
		{"home", "00"},
		{"end", "22"},
		{"g", "00"},
		{"G", "22"},
		{"up", "21"},
	} {
		x.press(step.key)
		assert.Equal(t, step.first, x.ids()[0], step.key)
		assert.Len(t, x.ids(), 8)
	}
	x.source.rows = x.source.rows[:3]
	x.refresh(time.Second)
	assert.Equal(t, []string{"00", "01", "02"}, x.ids(), "the page exists although most rows have gone")
}

func TestQuit(t *testing.T) {
	isQuit := func(x *table, message tea.KeyPressMsg) bool {
		_, command := x.Update(message)
		if command == nil {
			return false
		}
		_, quit := command().(tea.QuitMsg)
		return quit
	}
	x := newTable(t)
	assert.True(t, isQuit(x, tea.KeyPressMsg{Text: "q", Code: 'q'}))
	assert.False(t, isQuit(x, tea.KeyPressMsg{Text: "y", Code: 'y'}))
	x.press("/")
	assert.False(t, isQuit(x, tea.KeyPressMsg{Text: "q", Code: 'q'}))
	assert.True(t, isQuit(x, tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}))
}

func TestPause(t *testing.T) {
	x := newTable(t, manyRows(1)...)
	x.refresh(0)
	for _, key := range []string{"p", "space"} {
		x.press(key)
		_, command := x.Update(tick{})
		require.NotNil(t, command, "the next tick is still awaited")
		assert.True(t, x.paused)
		requests := len(x.source.pulled)
		x.clock = x.clock.Add(time.Hour)
		x.press("down")
		assert.Len(t, x.source.pulled, requests, "no requests are sent")
		x.press(key)
		assert.False(t, x.paused)
	}
	_, command := x.Update(tick{})
	assert.IsType(t, measured{}, command())
}
