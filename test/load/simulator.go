package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// simulation is the task of the child that runs the simulated sandboxes.
type simulation struct {
	Options simfleet.Options
	// Steady is the number of additional honest gVisor sandboxes that are not
	// subject to churn.
	Steady int
	// Cgroups gives the sandboxes cgroups.
	Cgroups bool
}

// simulated is the first message of the child: it describes the sandboxes.
type simulated struct {
	RuntimeRoot  string
	StoragePaths []string
	CgroupRoot   string
	MetricServer string
	// GVisor and Kata are the sockets of the honest sandboxes.
	GVisor, Kata []string
	// Steady are the IDs of the sandboxes that are not subject to churn.
	Steady []string
}

// simulationReport is the last message of the child: it describes the requests
// that the sandboxes received.
type simulationReport struct {
	// Crashed is the number of shims that crashed because of a request.
	Crashed int
	// Forbidden is the number of calls that no receiver may make.
	Forbidden int
	// Overlaps is the number of shims that received concurrent requests.
	Overlaps int
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
	if s.Cgroups {
		s.Options.CgroupRoot = filepath.Join(directory, "cgroup")
	}
	fleet, err := simfleet.New(directory, s.Options)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, fleet.Close()) }()
	sandboxes := simulated{
		RuntimeRoot: fleet.RuntimeRoot(), StoragePaths: fleet.StoragePaths(), MetricServer: fleet.MetricServer(),
		CgroupRoot: fleet.CgroupRoot(),
	}
	for i := range s.Steady {
		// The registration of every second one has to be requested, despite sandboxes
		// that attack with theirs.
		sandbox, err := fleet.AddGVisor(simgvisor.Options{Steady: true, Unregistered: i%2 == 1})
		if err != nil {
			return err
		}
		sandboxes.Steady = append(sandboxes.Steady, sandbox.ID())
	}
	for _, sandbox := range fleet.GVisor() {
		if sandbox.Mode() == "" {
			sandboxes.GVisor = append(sandboxes.GVisor, sandbox.SocketPath())
		}
	}
	for _, pod := range fleet.Kata() {
		if pod.Mode() == "" {
			sandboxes.Kata = append(sandboxes.Kata, pod.SocketPath())
		}
	}
	if err := parent.send(sandboxes); err != nil {
		return err
	}
	parent.awaitEnd()
	return parent.send(reportOn(fleet))
}

func reportOn(fleet *simfleet.Fleet) simulationReport {
	report := simulationReport{Churned: fleet.Churned()}
	for _, sandbox := range fleet.GVisor() {
		report.Forbidden += int(sandbox.Load().Forbidden)
	}
	for _, pod := range fleet.Kata() {
		load := pod.Load()
		report.Forbidden += int(load.Forbidden)
		if pod.Crashed() {
			report.Crashed++
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

// withSimulation starts simulated sandboxes, calls do, and stops them.
func withSimulation(s simulation, do func(simulated) error) (simulationReport, error) {
	var report simulationReport
	c, err := startChild("simulate", s)
	if err != nil {
		return report, err
	}
	var sandboxes simulated
	if err := c.receive(&sandboxes); err != nil {
		return report, errors.Join(err, c.end())
	}
	failed := do(sandboxes)
	_ = c.input.Close()
	failed = errors.Join(failed, c.receive(&report))
	return report, errors.Join(failed, c.end())
}
