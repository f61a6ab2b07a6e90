package top

import (
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// maxFilter is the length of the filter.
const maxFilter = 128

// press handles a key, and reports whether it ends the program.
func (m *Model) press(key tea.KeyPressMsg) (quit bool) {
	switch {
	case key.String() == "ctrl+c":
		return true
	case m.editing:
		m.edit(key)
		return false
	}
	switch key.String() {
	case "q":
		return true
	case "/":
		m.editing = true
	case "esc":
		m.setFilter("")
	case "r":
		m.reverse = !m.reverse
		m.arrange()
	case "p", "space":
		m.paused = !m.paused
	case "up", "k":
		m.scroll(-1)
	case "down", "j":
		m.scroll(1)
	case "pgup":
		m.scroll(-m.pageSize())
	case "pgdown":
		m.scroll(m.pageSize())
	case "home", "g":
		m.scroll(-len(m.shown))
	case "end", "G":
		m.scroll(len(m.shown))
	default:
		m.selectSort(key.String())
	}
	return false
}

// selectSort sorts by what a key selects. The same key again reverses the order.
func (m *Model) selectSort(pressed string) {
	for _, key := range SortKeys {
		if key.Rune == pressed {
			m.reverse = key.Key == m.sort && !m.reverse
			m.sort = key.Key
			m.arrange()
		}
	}
}

// edit changes the filter.
func (m *Model) edit(key tea.KeyPressMsg) {
	switch key.String() {
	case "enter":
		m.editing = false
	case "esc":
		m.editing = false
		m.setFilter("")
	case "backspace":
		_, size := utf8.DecodeLastRuneInString(m.filter)
		m.setFilter(m.filter[:len(m.filter)-size])
	default:
		if text := key.Text; len(m.filter)+len(text) <= maxFilter {
			m.setFilter(m.filter + text)
		}
	}
}

func (m *Model) setFilter(filter string) {
	m.filter, m.offset = filter, 0
	m.arrange()
}
