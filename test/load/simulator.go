package main

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// simulation is the task of the child that simulates.
type simulation struct {
	Options simfleet.Options
	// Steady is how many more honest gVisor sandboxes churn leaves alone.
	Steady int
}

// simulated is its first answer: what there is.
type simulated struct {
	RuntimeRoot  string
	StoragePaths []string
	MetricServer string
	// GVisor and Kata are the sockets of the honest sandboxes.
	GVisor, Kata []string
	// Steady are the ids of the sandboxes that churn leaves alone.
	Steady []string
}

// simulationReport is its last answer: what was asked of the sandboxes.
type simulationReport struct {
	// Aborted counts shims that died because they were asked, Strange calls
	// that no receiver may make, Overlaps shims that were asked twice at once.
	Aborted, Strange, Overlaps int
	// KataGap is the shortest time between two requests to one shim.
	KataGap time.Duration
	Churned int64
}

func simulateChild(task json.RawMessage, parent *parent) (failed error) {
	var s simulation
	if err := json.Unmarshal(task, &s); err != nil {
		return err
	}
	directory, err := os.MkdirTemp("", "load-")
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, os.RemoveAll(directory)) }()
	fleet, err := simfleet.New(directory, s.Options)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, fleet.Close()) }()
	answer := simulated{RuntimeRoot: fleet.RuntimeRoot(), StoragePaths: fleet.StoragePaths(), MetricServer: fleet.MetricServer()}
	for range s.Steady {
		sandbox, err := fleet.AddGVisor(simgvisor.Options{Steady: true})
		if err != nil {
			return err
		}
		answer.Steady = append(answer.Steady, sandbox.ID())
	}
	for _, sandbox := range fleet.GVisor() {
		if sandbox.Mode() == "" {
			answer.GVisor = append(answer.GVisor, sandbox.SocketPath())
		}
	}
	for _, pod := range fleet.Kata() {
		if pod.Mode() == "" {
			answer.Kata = append(answer.Kata, pod.SocketPath())
		}
	}
	if err := parent.tell(answer); err != nil {
		return err
	}
	parent.await()
	return parent.tell(reportOn(fleet))
}

func reportOn(fleet *simfleet.Fleet) simulationReport {
	report := simulationReport{Churned: fleet.Churned()}
	for _, sandbox := range fleet.GVisor() {
		report.Strange += int(sandbox.Load().Forbidden)
	}
	for _, pod := range fleet.Kata() {
		load := pod.Load()
		report.Strange += int(load.Forbidden)
		if pod.Aborted() {
			report.Aborted++
		}
		if load.MaxInFlight > 1 {
			report.Overlaps++
		}
		if load.MinGap > 0 && (report.KataGap == 0 || load.MinGap < report.KataGap) {
			report.KataGap = load.MinGap
		}
	}
	return report
}

// withSimulation calls do while the sandboxes are there.
func withSimulation(s simulation, do func(simulated) error) (simulationReport, error) {
	var report simulationReport
	c, err := startChild("simulate", s)
	if err != nil {
		return report, err
	}
	var there simulated
	if err := c.hear(&there); err != nil {
		return report, errors.Join(err, c.end())
	}
	failed := do(there)
	_ = c.input.Close()
	failed = errors.Join(failed, c.hear(&report))
	return report, errors.Join(failed, c.end())
}
