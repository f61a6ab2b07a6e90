package gvisor

import (
	"fmt"
	"slices"
	"sync"
)

// buildOf returns the build of runsc that a mode pretends to be.
func buildOf(mode *mode) *build {
	if mode == nil || mode.build == nil {
		return theBuild()
	}
	return mode.build()
}

// maxLyingPoints is enough for one point of each metric, without the thousands of
// label combinations that no sandbox fills.
const maxLyingPoints = 300

// newBuild returns a build with these metrics.
func newBuild(metrics []metric) *build {
	points := newPoints(metrics)
	points = points[:min(len(points), maxLyingPoints)]
	return &build{metrics: metrics, registration: renderRegistration(metrics), points: points}
}

// lyingBuild registers all metrics of an honest sandbox with another type, and
// metrics whose names become the same in Prometheus.
var lyingBuild = sync.OnceValue(func() *build {
	metrics := slices.Clone(theBuild().metrics)
	for i := range metrics {
		m := &metrics[i]
		// Only counters have fields here.
		m.gauge = !m.gauge && m.fields == nil
		m.help = "Help text of an attacker."
	}
	for i, path := range []string{"/a/b", "/a_b", "/a/b/total", "/A__B", "/fs_opens", "/fs/opens_total", "/fs/read_wait/seconds"} {
		metrics = append(metrics, metric{
			name: path, prometheus: "lie_" + string(rune('a'+i)), help: "Help text of an attacker.", gauge: i%2 == 1, rate: 1,
		})
	}
	return newBuild(metrics)
})

// reservedLabels are labels that mean something to exporters, or that identify
// sandboxes.
var reservedLabels = []string{
	"job", "instance", "le", "quantile", "exported_job", "exported_instance", "otel_scope_name", "otel_scope_version",
	"k8s_pod_name", "k8s_namespace_name", "k8s_pod_uid", "container_id", "sandbox_id", "sandbox_iteration", "sandbox_trust",
	"platform", "cpu_arch", "a_b", "a__b",
}

// reservedBuild registers known and unknown metrics with reserved labels.
var reservedBuild = sync.OnceValue(func() *build {
	metrics := slices.Clone(theBuild().metrics[:DefaultPoints])
	victim := []string{"victim"}
	for i, label := range reservedLabels {
		metrics[10+i].fields = []field{{label, victim}}
		metrics = append(metrics, metric{
			name: "/made/up/" + label, help: "Help text of an attacker.", rate: 1, fields: []field{{label, victim}},
		})
	}
	metrics = append(metrics, metric{
		name: "/made/up", help: "Help text of an attacker.", rate: 1, fields: []field{{"a_b", victim}, {"a__b", victim}},
	})
	return newBuild(metrics)
})

// registrationHead begins a response to Metrics.GetRegisteredMetrics.
const registrationHead = `{"success":true,"err":"","result":{"RegisteredMetrics":`

// sendLargeRegistration sends the beginning of a registration with a help text
// that is far too long.
func sendLargeRegistration(to *exchange, _ string) bool {
	const size = 3_900_000
	text := endlessText()
	if to.Send([]byte(registrationHead+`{"metrics":[{"description":"`)) && to.Repeat(text, size/len(text)+1) {
		to.Hold()
	}
	return false
}

// sendStalledRegistration sends a registration without its end.
func sendStalledRegistration(to *exchange, id string) bool {
	text := distinctRegistration(id)
	if to.Send([]byte(registrationHead)) && to.Send(text[:len(text)-2]) {
		to.Hold()
	}
	return false
}

func sendDistinctRegistration(to *exchange, id string) bool {
	return to.Send([]byte(registrationHead)) && to.Send(distinctRegistration(id)) && to.Send([]byte(`}}`))
}

// distinctRegistration returns an honest registration in which one field has many
// more values, which begin with the ID of the sandbox.
func distinctRegistration(id string) []byte {
	const size = 240_000
	metrics := slices.Clone(theBuild().metrics)
	index := metricIndex("weirdness")
	values := slices.Clone(metrics[index].fields[0].values)
	for missing := size - len(theBuild().registration); missing > 0; {
		value := fmt.Sprintf("%s-%060d", id, len(values))
		values = append(values, value)
		missing -= len(value) + len(`"",`)
	}
	metrics[index].fields = []field{{metrics[index].fields[0].name, values}}
	return renderRegistration(metrics)
}
