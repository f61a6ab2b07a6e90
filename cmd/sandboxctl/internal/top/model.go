package top

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Settings are the options of the table.
type Settings struct {
	Source Source
	// Interval is the time between two measurements.
	Interval time.Duration
	Sort     SortKey
	Reverse  bool
	Filter   string
	// Now is the clock.
	Now func() time.Time
}

// Model is the state of the table. It implements [tea.Model].
type Model struct {
	ctx      context.Context
	source   Source
	interval time.Duration
	now      func() time.Time

	sort          SortKey
	reverse       bool
	filter        string
	editing       bool
	paused        bool
	offset        int
	width, height int

	// rows are all sandboxes, shown are those that match the filter, sorted.
	rows      []Row
	shown     []*Row
	histories map[string]*history
	probes    map[string]*probe
	probing   bool
	measured  time.Time
	err       error
}

// NewModel returns a table without rows.
func NewModel(ctx context.Context, s *Settings) *Model {
	return &Model{
		ctx: ctx, source: s.Source, interval: s.Interval, now: s.Now,
		sort: s.Sort, reverse: s.Reverse, filter: s.Filter, width: 80, height: 24,
		histories: map[string]*history{}, probes: map[string]*probe{},
	}
}

// measured is the message that the sandboxes were measured.
type measured struct {
	rows []Row
	err  error
	at   time.Time
}

// tick is the message that the next measurement is due.
type tick struct{}

// Init implements [tea.Model].
func (m *Model) Init() tea.Cmd { return m.measure() }

func (m *Model) measure() tea.Cmd {
	return func() tea.Msg {
		rows, err := m.source.Measure(m.ctx)
		return measured{rows, err, m.now()}
	}
}

// Update implements [tea.Model].
func (m *Model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case tea.KeyPressMsg:
		if m.press(message) {
			return m, tea.Quit
		}
	case tick:
		if m.paused {
			return m, m.next()
		}
		return m, m.measure()
	case measured:
		m.record(&message)
		m.arrange()
		return m, tea.Batch(m.next(), m.probeNext())
	case probed:
		m.probing = false
		if m.probes[message.key] != nil { // it may have ended
			m.probes[message.key] = &message.probe
		}
		m.arrange()
	}
	m.scroll(0)
	return m, m.probeNext()
}

// next returns the command that waits for the next measurement.
func (m *Model) next() tea.Cmd {
	return tea.Tick(m.interval, func(time.Time) tea.Msg { return tick{} })
}

// record replaces the rows. What is known about sandboxes that have ended is forgotten.
func (m *Model) record(message *measured) {
	m.rows, m.err, m.measured = message.rows, message.err, message.at
	histories, probes := make(map[string]*history, len(m.rows)), make(map[string]*probe, len(m.probes))
	for i := range m.rows {
		row := &m.rows[i]
		h := m.histories[row.Key]
		if h == nil {
			h = &history{}
		}
		if row.HasCPU {
			h.add(row.CPU, message.at)
		}
		histories[row.Key] = h
		if p := m.probes[row.Key]; p != nil {
			probes[row.Key] = p
		}
	}
	m.histories, m.probes = histories, probes
}

// arrange applies the filter and the order.
func (m *Model) arrange() {
	m.shown = m.shown[:0]
	filter := strings.ToLower(m.filter)
	for i := range m.rows {
		if filter == "" || m.rows[i].matches(filter) {
			m.shown = append(m.shown, &m.rows[i])
		}
	}
	m.sortRows(m.shown)
	m.scroll(0)
}

// frameLines are the lines around the rows: two above the header, the header, and one
// below the rows.
const frameLines = 4

// pageSize is the number of rows on the screen.
func (m *Model) pageSize() int { return max(1, m.height-frameLines) }

// scroll moves the first visible row.
func (m *Model) scroll(lines int) {
	m.offset = max(0, min(m.offset+lines, len(m.shown)-m.pageSize()))
}

// page returns the visible rows.
func (m *Model) page() []*Row {
	return m.shown[m.offset:min(len(m.shown), m.offset+m.pageSize())]
}
