package gvisor

import "encoding/json"

// renderRegistration returns what runsc registers before a workload starts:
//
//	{"metrics":[{"name":"/fs/opens","prometheus_name":"fs_opens","description":"…","cumulative":true}, …],"stages":[…]}
//
// Zero values are omitted, as runsc does.
func renderRegistration(metrics []metric) []byte {
	type registeredField struct {
		Name   string   `json:"field_name"`
		Values []string `json:"allowed_values"`
	}
	type registeredMetric struct {
		Name           string            `json:"name"`
		PrometheusName string            `json:"prometheus_name"`
		Description    string            `json:"description"`
		Cumulative     bool              `json:"cumulative,omitempty"`
		Sync           bool              `json:"sync,omitempty"`
		Units          int               `json:"units,omitempty"`
		Fields         []registeredField `json:"fields,omitempty"`
	}
	registration := struct {
		Metrics []registeredMetric `json:"metrics"`
		Stages  []string           `json:"stages"`
	}{Stages: []string{"restore_config", "exec_config", "restore", "create_process", "task_start"}}
	for i := range metrics {
		m := &metrics[i]
		registered := registeredMetric{
			Name: m.name, PrometheusName: m.prometheusName(), Description: m.help,
			Cumulative: !m.gauge, Sync: len(m.fields) > 0,
		}
		if m.nanoseconds {
			registered.Units = 1
		}
		for _, f := range m.fields {
			registered.Fields = append(registered.Fields, registeredField{f.name, f.values})
		}
		registration.Metrics = append(registration.Metrics, registered)
	}
	return mustMarshal(registration)
}

// mustMarshal encodes values of this package's own types, which cannot fail.
func mustMarshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("encode simulated data: " + err.Error())
	}
	return data
}
