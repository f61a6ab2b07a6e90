package kata

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// The families that kata-monitor reports about itself, with its names and help
// texts. In the naming "otel", the receiver's own telemetry replaces them.
var (
	runningFamily = monitorFamily("kata_monitor_running_shim_count", sandbox.Gauge,
		"Running shim count(running sandboxes).")
	scrapesFamily = monitorFamily("kata_monitor_scrape_count", sandbox.Counter,
		"Scape count.")
	failuresFamily = monitorFamily("kata_monitor_scrape_failed_count", sandbox.Counter,
		"Failed scape count.")
	durationsFamily = monitorFamily("kata_monitor_scrape_durations_histogram_milliseconds", sandbox.Histogram,
		"Time used to scrape from shims")
)

func monitorFamily(name string, kind sandbox.Kind, help string) *sandbox.Family {
	return &sandbox.Family{Origin: sandbox.Receiver, Prometheus: sandbox.Descriptor{Name: name, Kind: kind, Description: help}}
}

// AppendRuntimeMetrics implements [sandbox.Runtime]. Like kata-monitor, it appends
// nothing if families are filtered, whatever the filter is.
func (r *Runtime) AppendRuntimeMetrics(reading *sandbox.Reading, stats sandbox.Stats) {
	if len(r.config.FilterFamily) > 0 {
		return
	}
	reading.Add(runningFamily, sandbox.Int(stats.Running))
	reading.Add(scrapesFamily, sandbox.Int(stats.Pulls))
	reading.Add(failuresFamily, sandbox.Int(stats.Failures))
	reading.Points = append(reading.Points, sandbox.Point{Family: durationsFamily, Distribution: &stats.Durations})
}
