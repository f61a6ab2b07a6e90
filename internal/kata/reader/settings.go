package reader

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Families selects how many families are reported.
type Families string

const (
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
// of runtime-rs that is too large costs the host part, which comes last.
const defaultMaxResponseSize = 8 << 20

// Settings are what options mean for the catalogs. All readers share them.
type Settings struct {
	naming       sandbox.Naming
	all          bool
	unknownGauge bool
	prefixes     []string
	limits       limits
	plans        [2]plan
}

// limits bound what an answer may hold and what a reader remembers.
type limits struct {
	text exposition.Limits
	// Series and label texts that a reader remembers, of the guest and of the
	// host.
	guestSeries, hostSeries int
	guestTexts, hostTexts   int
	// evictedTexts is how many of the guest's texts make room for new ones in
	// one pull, when all are taken. It bounds how many series a guest can make
	// up in the long run, and suffices for mounts that come and go.
	evictedTexts int
	// unknownFamilies is how many families a reader adopts as gauges.
	unknownFamilies int
}

// An honest guest of 64 CPUs, 20 disks, 8 interfaces and 30 mounts has 1,700
// series with 350 label texts.
var defaultLimits = limits{
	text: exposition.Limits{
		// Even a guest's text of nothing but newlines must not hide the host
		// part that follows it.
		Lines:     5 << 20,
		LineBytes: 4 << 10, Labels: 8, NameBytes: 128, ValueBytes: 256,
	},
	guestSeries: 4096, hostSeries: 2048,
	guestTexts: 1024, hostTexts: 256,
	evictedTexts:    4,
	unknownFamilies: 64,
}

// NewSettings returns the settings for valid options.
func NewSettings(options Options) *Settings {
	s := &Settings{
		naming:       options.Naming,
		all:          options.Families == AllFamilies,
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

// passes tells whether the filter lets a family through.
func (s *Settings) passes(peerName string) bool {
	return len(s.prefixes) == 0 || slices.ContainsFunc(s.prefixes, func(prefix string) bool {
		return strings.HasPrefix(peerName, prefix)
	})
}

// plan is what settings mean for a catalog.
type plan struct {
	catalog  *catalog.Catalog
	families []bool // wanted, by the family's index
	rows     []rowPlan
	start    *catalog.TextFamily // tells the start time, may be nil
}

// rowPlan is what settings mean for a row.
type rowPlan struct {
	row    *catalog.Row
	wanted bool
	// rank orders the rows by the names of their metrics.
	rank uint16
	// labels is how many label texts a point has.
	labels uint8
	// monotonic: must not go backwards in the naming.
	monotonic bool
	guest     bool
}

func (s *Settings) plan(c *catalog.Catalog) plan {
	p := plan{
		catalog:  c,
		families: make([]bool, len(c.Families)),
		rows:     make([]rowPlan, len(c.Rows)),
		start:    c.Family([]byte(catalog.StartTime)),
	}
	var names []string
	for _, family := range c.Families {
		passes := s.passes(family.UpstreamName)
		for row := range family.Rows {
			form := s.naming.Of(&row.Family)
			wanted := passes && form.Name != "" && (s.all || row.InDefault)
			p.rows[row.Index] = rowPlan{
				row: row, wanted: wanted, labels: uint8(len(form.LabelKeys)),
				monotonic: form.Kind == sandbox.Counter || form.Kind == sandbox.Histogram || form.Kind == sandbox.Summary,
				guest:     row.Family.Origin == sandbox.Guest,
			}
			if wanted {
				p.families[family.Index] = true
				names = append(names, form.Name)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for i := range p.rows {
		if row := &p.rows[i]; row.wanted {
			rank, _ := slices.BinarySearch(names, s.naming.Of(&row.row.Family).Name)
			row.rank = uint16(rank)
		}
	}
	return p
}
