package registration

import (
	"maps"
	"slices"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/knownmetrics"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Known are the metrics that are known from elsewhere than the sandbox: from
// registrations that the host vouches for, because runsc wrote them to a state
// file, and from the table of gVisor's metrics. It decides which metrics of a
// sandbox's own registration are accepted, and under which names. All methods
// are safe for concurrent use.
type Known struct {
	prefix string
	// keep keeps unknown metrics, under names of their own.
	keep bool

	mu sync.Mutex
	// metrics are indexed by path.
	metrics map[string]description
	// vouched are the paths that a state file vouches for.
	vouched map[string]bool
	// generation is the number of changes of metrics.
	generation uint64
}

// description is how a metric appears in the output.
type description struct {
	family, min, max, ssd *sandbox.Family
}

// maxVouched limits the number of metrics that state files vouch for. It is far
// above the number of metrics that all releases of gVisor have together.
const maxVouched = 8192

// NewKnown returns the metrics of the table, for a prefix of the naming
// "prometheus". keep keeps unknown metrics.
func NewKnown(prefix string, keep bool) *Known {
	k := &Known{prefix: prefix, keep: keep, metrics: map[string]description{}, vouched: map[string]bool{}}
	for _, row := range knownmetrics.All() {
		m := metricOf(&row)
		addFamilies(&m, unitOf(&row), prefix)
		k.metrics[m.Path] = descriptionOf(&m)
	}
	return k
}

// metricOf returns the metric that a row of the table describes.
func metricOf(row *knownmetrics.Metric) Metric {
	m := Metric{Path: row.Path, Name: row.Name, Help: row.Help, Type: Gauge}
	switch row.Type {
	case knownmetrics.Counter:
		m.Type = Counter
	case knownmetrics.Histogram:
		m.Type = Histogram
	}
	for _, field := range row.Fields {
		m.Fields = append(m.Fields, Field{Key: field})
	}
	return m
}

func unitOf(row *knownmetrics.Metric) int64 {
	if row.Nanoseconds {
		return nanosecondUnits
	}
	return 0
}

func descriptionOf(m *Metric) description { return description{m.Family, m.Min, m.Max, m.SSD} }

// Vouch adds the metrics of a registration that the host vouches for. The first
// such registration takes precedence over later ones, and over the table.
func (k *Known) Vouch(r *Registration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed := false
	for i := range r.Metrics {
		m := &r.Metrics[i]
		if k.vouched[m.Path] || len(k.vouched) >= maxVouched {
			continue
		}
		k.vouched[m.Path] = true
		known, found := k.metrics[m.Path]
		k.metrics[m.Path] = descriptionOf(m)
		// Nothing changes for sandboxes if the table has the same description.
		changed = changed || !found || !agree(known.family, m.Family) ||
			known.family.Prometheus.Description != m.Family.Prometheus.Description
	}
	if changed {
		k.generation++
	}
}

// currentGeneration returns a number that changes whenever admit may decide
// differently.
func (k *Known) currentGeneration() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.generation
}

// admit sets the families of a metric that a sandbox has registered itself, or
// drops it. A known metric must agree with what is known in everything but the
// help text and the values of fields, and has the known help text, so that no
// sandbox can change the metrics of others.
func (k *Known) admit(m *Metric, registeredUnit int64) {
	addFamilies(m, registeredUnit, k.prefix)
	k.mu.Lock()
	known, found := k.metrics[m.Path]
	k.mu.Unlock()
	switch {
	case found && agree(known.family, m.Family):
		m.Family, m.Min, m.Max, m.SSD = known.family, known.min, known.max, known.ssd
		if help := known.family.Prometheus.Description; m.Help == help {
			m.Help = help // so that it is retained once
		}
	case k.keep:
		k.rename(m)
	default:
		m.drop()
	}
}

// agree reports whether two families differ in nothing but their help texts.
func agree(a, b *sandbox.Family) bool {
	return agreeIn(&a.OTel, &b.OTel) && agreeIn(&a.Prometheus, &b.Prometheus)
}

func agreeIn(a, b *sandbox.Descriptor) bool {
	return a.Name == b.Name && a.Kind == b.Kind && a.Unit == b.Unit && a.Scale == b.Scale &&
		slices.Equal(a.LabelKeys, b.LabelKeys)
}

// Dropped returns the names of the metrics that were dropped, sorted.
func (r *Registration) Dropped() []string {
	names := map[string]bool{}
	for i := range r.Metrics {
		if r.Metrics[i].Dropped {
			names[r.Metrics[i].Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
