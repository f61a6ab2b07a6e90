package reader

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Families selects how many families are reported.
type Families string

const (
	// NoFamilies selects none: responses are verified, but not reported.
	NoFamilies Families = "none"
	// DefaultFamilies are the most useful ones: under 100 points per pod.
	DefaultFamilies Families = "default"
	// AllFamilies are all in the catalog.
	AllFamilies Families = "all"
)

// UnknownFamilies decides how families are handled that could belong to the agent
// or the shim, but are not in the catalog.
type UnknownFamilies string

const (
	// DropUnknown drops and counts them.
	DropUnknown UnknownFamilies = "drop"
	// UnknownAsGauge reports them as gauges.
	UnknownAsGauge UnknownFamilies = "gauge"
)

// Options select what readers report.
type Options struct {
	Naming   sandbox.Naming
	Families Families
	// FilterFamily are prefixes of the metric families to report, as kata-monitor
	// names them. Empty means all. It narrows Families.
	FilterFamily []string
	Unknown      UnknownFamilies
	// MaxResponseSize is the maximum size of a response in bytes, 8 MiB by default.
	MaxResponseSize int64
}

// defaultMaxResponseSize is above 4 MiB, the most that an agent can send: a response
// of runtime-rs that is too large loses the host part, which comes last.
const defaultMaxResponseSize = 8 << 20

// Settings are what options mean for the catalogs. All readers share them.
type Settings struct {
	naming       sandbox.Naming
	all, none    bool
	unknownGauge bool
	prefixes     []string
	limits       limits
	plans        [2]plan
}

// limits bound the contents of a response and the state of a reader.
type limits struct {
	text exposition.Limits
	// Maximum number of series and label values of the guest and of the host
	// that a reader remembers.
	guestSeries, hostSeries           int
	guestLabelValues, hostLabelValues int
	// evictedLabelValues is the maximum number of the guest's label values that
	// one pull evicts when guestLabelValues is reached. It bounds the number of
	// series that a guest can invent over time, and is enough for mounts that
	// come and go.
	evictedLabelValues int
	// unknownFamilies is the maximum number of unknown families that a reader
	// emits as gauges.
	unknownFamilies int
}

// An honest guest with 64 CPUs, 20 disks, 8 interfaces and 30 mounts has 1,700
// series with 350 label values.
var defaultLimits = limits{
	text: exposition.Limits{
		// A guest's text of nothing but newlines must not exhaust the limit
		// before the host part that follows it.
		Lines:     5 << 20,
		LineBytes: 4 << 10, Labels: 8, NameBytes: 128, ValueBytes: 256,
	},
	guestSeries: 4096, hostSeries: 2048,
	guestLabelValues: 1024, hostLabelValues: 256,
	evictedLabelValues: 4,
	unknownFamilies:    64,
}

// NewSettings returns the settings for valid options.
func NewSettings(options Options) *Settings {
	s := &Settings{
		naming:       options.Naming,
		all:          options.Families == AllFamilies,
		none:         options.Families == NoFamilies,
		unknownGauge: options.Unknown == UnknownAsGauge,
		prefixes:     slices.Clone(options.FilterFamily),
		limits:       defaultLimits,
	}
	s.limits.text.Bytes = cmp.Or(options.MaxResponseSize, defaultMaxResponseSize)
	for _, flavor := range []catalog.Flavor{catalog.Go, catalog.Rust} {
		s.plans[flavor] = s.plan(catalog.For(flavor))
	}
	return s
}

// matchesFilter reports whether the filter selects a family, by its name in
// kata-monitor.
func (s *Settings) matchesFilter(upstreamName string) bool {
	return len(s.prefixes) == 0 || slices.ContainsFunc(s.prefixes, func(prefix string) bool {
		return strings.HasPrefix(upstreamName, prefix)
	})
}

// plan is the effect of the settings on a catalog.
type plan struct {
	catalog  *catalog.Catalog
	families []bool // whether each family has selected rows
	measured []bool // whether each family has rows with a figure
	rows     []rowPlan
	start    *catalog.TextFamily // contains the start time; may be nil
}

// rowPlan is the effect of the settings on a row.
type rowPlan struct {
	row *catalog.Row
	// selected rows are emitted.
	selected bool
	// rank orders rows by metric name.
	rank uint16
	// labels is the number of labels of a point.
	labels uint8
	// monotonic values must not decrease in the naming.
	monotonic bool
	guest     bool
	// figure is the usage of the guest that the row reports.
	figure guest.Figure
}

func (s *Settings) plan(c *catalog.Catalog) plan {
	p := plan{
		catalog:  c,
		families: make([]bool, len(c.Families)),
		measured: make([]bool, len(c.Families)),
		rows:     make([]rowPlan, len(c.Rows)),
		start:    c.Family([]byte(catalog.StartTime)),
	}
	var names []string
	for _, family := range c.Families {
		matches := s.matchesFilter(family.UpstreamName)
		for row := range family.Rows {
			descriptor := s.naming.Of(&row.Family)
			selected := matches && descriptor.Name != "" && !s.none && (s.all || row.InDefault)
			p.rows[row.Index] = rowPlan{
				row: row, selected: selected, labels: uint8(len(descriptor.LabelKeys)),
				monotonic: isMonotonic(descriptor.Kind),
				guest:     row.Family.Origin == sandbox.Guest,
			}
			if selected {
				p.families[family.Index] = true
				names = append(names, descriptor.Name)
			}
		}
	}
	p.setFigures()
	slices.Sort(names)
	names = slices.Compact(names)
	for i := range p.rows {
		if row := &p.rows[i]; row.selected {
			rank, _ := slices.BinarySearch(names, s.naming.Of(&row.row.Family).Name)
			row.rank = uint16(rank)
		}
	}
	return p
}

// setFigures finds the rows that report the usage of the guest. Families that
// have rows for each CPU also have rows for all of them together.
func (p *plan) setFigures() {
	for _, family := range p.catalog.Families {
		items := family.Items
		if family.OnlyText != "" {
			items = family.Only
		}
		for i := range items {
			if figure := guest.FigureOf(family.Name, items[i].Item); figure != guest.None {
				p.rows[items[i].Index].figure = figure
				p.measured[family.Index] = true
			}
		}
	}
}

func isMonotonic(kind sandbox.Kind) bool {
	return kind == sandbox.Counter || kind == sandbox.Histogram || kind == sandbox.Summary
}
