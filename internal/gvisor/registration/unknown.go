package registration

import (
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	// unknownHelp is the help text of all unknown metrics that are kept: those of
	// two sandboxes can have the same name.
	unknownHelp = "Metric that only the sandbox itself registers."
	// unknownNamespace begins the names of unknown metrics and of their labels.
	unknownNamespace = "unregistered"
)

// rename gives an unknown metric a name and labels of its own, in a namespace in
// which nothing else is:
//
//	gvisor.unregistered.counter.made.up{gvisor.unregistered.kind}   otel
//	runsc_unregistered_counter_made_up{unregistered_kind}           prometheus
//
// Exporters for Prometheus change names: they replace characters, remove
// repeated underscores, move the word "total" and append units. A name in the
// usual place could therefore become that of a known metric of another sandbox,
// now or later, and a label could become job, instance or a resource attribute.
// With its type in the name, a metric cannot meet one of another type either. It
// is dropped if two of its labels could become one.
func (k *Known) rename(m *Metric) {
	kind := unknownNamespace + "_" + m.Type.String() + "_"
	otel, prometheus := &m.Family.OTel, &m.Family.Prometheus
	otel.Name = "gvisor." + strings.ReplaceAll(kind, "_", ".") + strings.ReplaceAll(m.Path[1:], "/", ".")
	prometheus.Name = k.prefix + kind + m.Name
	otel.Description, prometheus.Description = unknownHelp, unknownHelp
	// What the field of an unknown metric means is unknown too.
	m.CountsSyscalls = false
	otel.LabelKeys, prometheus.LabelKeys = otel.LabelKeys[:len(m.Fields)], prometheus.LabelKeys[:len(m.Fields)]
	labels := map[string]bool{}
	for i, field := range m.Fields {
		label := words(field.Key)
		if label == "" || labels[label] {
			m.drop()
			return
		}
		labels[label] = true
		otel.LabelKeys[i] = "gvisor." + unknownNamespace + "." + field.Key
		prometheus.LabelKeys[i] = unknownNamespace + "_" + field.Key
	}
	if m.Type == Histogram {
		// Prometheus appends these to the names of histograms.
		if hasSuffix(m.Path) || hasSuffix(m.Name) {
			m.drop()
			return
		}
		// These gauges have no type in their names. They are in neither naming.
		m.Min, m.Max, m.SSD = &sandbox.Family{}, &sandbox.Family{}, &sandbox.Family{}
	}
	m.unknown = true
}

func hasSuffix(name string) bool {
	name = words(name)
	return strings.HasSuffix(name, "bucket") || strings.HasSuffix(name, "count") || strings.HasSuffix(name, "sum")
}

// drop keeps only what is necessary to recognize the metric in snapshots.
func (m *Metric) drop() { *m = Metric{Name: m.Name, Path: m.Path, Type: m.Type, Dropped: true} }

// dropAmbiguous drops unknown metrics that could have the same name in the output
// as another one of the same sandbox. The metrics are sorted, so it does not
// depend on their order in the registration which one is kept.
func dropAmbiguous(metrics []Metric) {
	taken := map[string]bool{}
	for i := range metrics {
		m := &metrics[i]
		if !m.unknown {
			continue
		}
		otel, prometheus := m.Type.String()+" otel "+words(m.Path), m.Type.String()+" prometheus "+words(m.Name)
		if taken[otel] || taken[prometheus] {
			m.drop()
			continue
		}
		taken[otel], taken[prometheus] = true, true
	}
}

// movedWords are the words that exporters for Prometheus append to names, unless
// they are in it already.
var movedWords = map[string]bool{"total": true, "seconds": true, "bytes": true, "ratio": true}

// words returns what is left of a name or path in Prometheus if as much of it as
// possible is normalized. Names with different words always remain different.
func words(name string) string {
	var kept []string
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '/' }) {
		if !movedWords[word] {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, "_")
}
