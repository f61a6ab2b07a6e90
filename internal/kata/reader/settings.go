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

// Settings are validated options. All readers share them.
type Settings struct {
	prometheus   bool
	all          bool
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

// matchesFilter reports whether the filter selects a family, by its name in
// kata-monitor.
func (s *Settings) matchesFilter(monitorName string) bool {
	return len(s.prefixes) == 0 || slices.ContainsFunc(s.prefixes, func(prefix string) bool {
		return strings.HasPrefix(monitorName, prefix)
	})
}

// descriptor returns the descriptor of a family in the naming.
func (s *Settings) descriptor(family *sandbox.Family) *sandbox.Descriptor {
	if s.prometheus {
		return &family.Prometheus
	}
	return &family.OTel
}

// plan is the effect of the settings on a catalog.
type plan struct {
	catalog  *catalog.Catalog
	families []bool // whether each family has selected rows
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
		matches := s.matchesFilter(family.PeerName)
		for row := range family.Rows {
			descriptor := s.descriptor(&row.Family)
			selected := matches && descriptor.Name != "" && (s.all || row.Usual)
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
	slices.Sort(names)
	names = slices.Compact(names)
	for i := range p.rows {
		if row := &p.rows[i]; row.selected {
			rank, _ := slices.BinarySearch(names, s.descriptor(&row.row.Family).Name)
			row.rank = uint16(rank)
		}
	}
	return p
}

func isMonotonic(kind sandbox.Kind) bool {
	return kind == sandbox.Counter || kind == sandbox.Histogram || kind == sandbox.Summary
}
