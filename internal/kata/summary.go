package kata

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// What kata-monitor says about itself, by its names. The naming "otel" has the
// receiver's own telemetry instead.
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

// Summarize appends what kata-monitor would say. It leaves that out where
// families are filtered, whatever the filter says.
func (r *Runtime) Summarize(reading *sandbox.Reading, tally sandbox.Stats) {
	if r.filtered {
		return
	}
	reading.Add(runningFamily, sandbox.Int(tally.Running))
	reading.Add(scrapesFamily, sandbox.Int(tally.Pulls))
	reading.Add(failuresFamily, sandbox.Int(tally.Failures))
	reading.Points = append(reading.Points, sandbox.Point{Family: durationsFamily, Distribution: &tally.Durations})
}
