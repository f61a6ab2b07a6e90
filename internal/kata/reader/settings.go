package reader

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Options choose what readers report. The texts are those of the receiver's
// configuration.
type Options struct {
	// Naming is "otel" or "prometheus".
	Naming string
	// Families is "default" or "all".
	Families string
	// FilterFamily are prefixes of the metric families to report, as
	// kata-monitor names them. None means all. It narrows Families.
	FilterFamily []string
	// Unknown is what becomes of families that could be of the agent or the
	// shim, but are not in the catalog: "drop" or "gauge". Empty means "drop".
	Unknown string
	// MaxResponseSize is how long an answer may be. 0 means 8 MiB.
	MaxResponseSize int64
}

// defaultAnswerBytes is above 4 MiB, the most that an agent can send, because a
// longer answer of runtime-rs costs the host part, which comes last.
const defaultAnswerBytes = 8 << 20

// Settings are checked options. All readers share them.
type Settings struct {
	prometheus   bool
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

// NewSettings checks options. Its error names each wrong option and what to
// use.
func NewSettings(options Options) (*Settings, error) {
	s := &Settings{
		prometheus:   options.Naming == "prometheus",
		all:          options.Families == "all",
		unknownGauge: options.Unknown == "gauge",
		prefixes:     slices.Clone(options.FilterFamily),
		limits:       defaultLimits,
	}
	s.limits.text.Bytes = options.MaxResponseSize
	if options.MaxResponseSize == 0 {
		s.limits.text.Bytes = defaultAnswerBytes
	}
	err := errors.Join(
		check("naming", options.Naming, "otel", "prometheus"),
		check("families", options.Families, "default", "all"),
		check("unknown_families", options.Unknown, "drop", "gauge", ""),
	)
	if options.MaxResponseSize < 0 {
		err = errors.Join(err, fmt.Errorf("max_response_size: %d is negative: use for example 8388608", options.MaxResponseSize))
	}
	if err != nil {
		return nil, err
	}
	for _, flavor := range []catalog.Flavor{catalog.Go, catalog.Rust} {
		s.plans[flavor] = s.plan(catalog.For(flavor))
	}
	return s, nil
}

func check(option, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %q", option, value, allowed)
}

// passes tells whether the filter lets a family through.
func (s *Settings) passes(peerName string) bool {
	return len(s.prefixes) == 0 || slices.ContainsFunc(s.prefixes, func(prefix string) bool {
		return strings.HasPrefix(peerName, prefix)
	})
}

// form is how a family appears in the naming.
func (s *Settings) form(family *sandbox.Family) *sandbox.Descriptor {
	if s.prometheus {
		return &family.Prometheus
	}
	return &family.OTel
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
			form := s.form(&row.Family)
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
			rank, _ := slices.BinarySearch(names, s.form(&row.row.Family).Name)
			row.rank = uint16(rank)
		}
	}
	return p
}
