package top

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
)

// TestFrames compares rendered screens.
func TestFrames(t *testing.T) {
	x := newTable(t, someRows()...)
	x.golden("discovering")
	x.refresh(0)
	x.golden("first")
	for i := range 20 {
		x.refresh(2*time.Second, time.Duration(i%5)*time.Second/2, 100*time.Millisecond, time.Millisecond)
	}
	x.golden("history")
	x.source.err = errTest
	x.press("/", "s", "h", "o", "p", "enter", "p")
	x.refresh(2 * time.Second)
	x.golden("filter")
	x.press("p", "esc", "/", "x")
	for _, width := range []int{60, 90, 110, 200} {
		x.send(tea.WindowSizeMsg{Width: width, Height: 8})
		for line := range strings.Lines(x.render(false)) {
			assert.LessOrEqual(t, ansi.StringWidth(strings.TrimSuffix(line, "\n")), width)
		}
	}
	x.press("esc")
	x.send(tea.WindowSizeMsg{Width: 60, Height: 8})
	x.golden("narrow")
	x.send(tea.WindowSizeMsg{Width: 10, Height: 1})
	assert.NotPanics(t, func() { x.render(true) })
}

// TestScreenIsEscaped checks that names cannot control the terminal.
func TestScreenIsEscaped(t *testing.T) {
	x := newTable(t, someRows()...)
	x.source.err = errTest
	x.press("/", "\x1b[31m", "enter", "esc")
	x.refresh(0)
	plain := x.render(false)
	assert.NotContains(t, plain, "\x1b")
	assert.NotContains(t, plain, "\r")
	assert.Len(t, strings.Split(plain, "\n"), 12)
	assert.Contains(t, plain, `\x1b[2Jold`)
	assert.Equal(t, plain, ansi.Strip(x.render(true)), "colors change nothing else")
	assert.Contains(t, x.render(true), "\x1b[32mrunning")
	view := x.View()
	assert.True(t, view.AltScreen)
	assert.Equal(t, x.render(true), view.Content)
}

func TestSparkline(t *testing.T) {
	h := &history{}
	assert.Empty(t, h.sparkline())
	_, known := h.current()
	assert.False(t, known)
	at := testTime
	for _, seconds := range []int{5, 5, 6, 8, 12, 20} {
		h.add(time.Duration(seconds)*time.Second, at)
		at = at.Add(time.Second)
	}
	assert.Equal(t, "▁▂▃▅█", h.sparkline())
	h.add(time.Second, at)
	usage, _ := h.current()
	assert.Zero(t, usage, "CPU time that decreases is no usage")
	h.add(2*time.Second, at)
	usage, _ = h.current()
	assert.Zero(t, usage, "no time has passed")

	idle := &history{}
	for i := range 100 {
		idle.add(time.Duration(i)*time.Millisecond, testTime.Add(time.Duration(i)*time.Second))
	}
	assert.Equal(t, strings.Repeat("▁", historySize), idle.sparkline(), "noise does not look like load")
}
