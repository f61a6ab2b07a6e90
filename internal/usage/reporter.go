package usage

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reporter reports the usage of one sandbox. It is used by one goroutine at a time.
type Reporter struct {
	settings *Settings
	meter    *Meter
	// due is when the next reading is due, zero before the first.
	due    time.Time
	sample sample

	series     sandbox.SeriesSet
	interfaces []interfaceLabels
	containers []containerSeries
	// examined is for the result of examining the files of the sandbox, nil if that is
	// not in progress.
	examined <-chan filestoreSize
}

// interfaceLabels are the label values of the series of an interface, which points
// share.
type interfaceLabels struct {
	name              string
	receive, transmit []string
}

// containerSeries are the series of a container.
type containerSeries struct {
	identity *sandbox.Identity
	series   sandbox.SeriesSet
	current  bool
}

// NewReporter returns a reporter, nil without settings. It must be closed.
func NewReporter(settings *Settings) *Reporter {
	if settings == nil {
		return nil
	}
	return &Reporter{settings: settings}
}

// Due reports whether a reading is due. A reporter that is nil never has one.
func (r *Reporter) Due(now time.Time) bool { return r != nil && !now.Before(r.due) }

// earlyFraction is the fraction of the interval by which a reading may be early:
// readings are part of pulls, whose times are not exact.
const earlyFraction = 4

// Append measures the sandbox on the host and appends all that is known about its
// usage to a reading.
func (r *Reporter) Append(into *sandbox.Reading, report *Report, now time.Time) {
	next := r.settings.interval - r.settings.interval/earlyFraction
	if r.due.IsZero() {
		// The readings of sandboxes that were discovered together are spread.
		next = rand.N(next) //nolint:gosec // not a secret
	}
	r.due = now.Add(next)
	var footprint Footprint
	r.measure(report.Sandbox, &footprint)
	r.sample.take(&footprint, now)
	r.appendCPU(into, report, &footprint)
	r.appendMemory(into, report, &footprint)
	r.appendRest(into, report, &footprint)
	if report.Workload != nil {
		r.appendInterfaces(into, report.Workload.Interfaces)
		r.appendContainers(into, report.Workload.Containers)
	}
}

// measure reads the meter of the sandbox. A sandbox that cannot be measured has no
// figures.
func (r *Reporter) measure(sandbox Sandbox, footprint *Footprint) {
	if r.meter == nil || r.meter.sandbox != sandbox {
		r.Close()
		r.meter = NewMeter(r.settings.host, sandbox)
	}
	if err := r.meter.Read(r.settings.figures|exitFigures, footprint); err != nil {
		*footprint = Footprint{}
	}
}

// AppendSeries appends one point for each series that Append has emitted since the
// last call, so that they can be ended.
func (r *Reporter) AppendSeries(into *sandbox.Reading) {
	if r == nil {
		return
	}
	r.series.AppendSeries(into)
	for i := range r.containers {
		into.Resource(r.containers[i].identity)
		r.containers[i].series.AppendSeries(into)
	}
	into.Resource(nil)
	r.containers = nil
	r.due = time.Time{}
}

// Close releases the state of the sandbox on the host.
func (r *Reporter) Close() {
	if r != nil && r.meter != nil {
		r.meter.Close()
		r.meter = nil
	}
}

// add appends a point of an enabled family.
func (r *Reporter) add(into *sandbox.Reading, family *sandbox.Family, value sandbox.Number, labels []string) {
	if family != nil {
		r.series.Add(into, family, value, labels)
	}
}

// count is a number that the kernel or a verified response limits to 63 bits.
func count(n uint64) sandbox.Number { return sandbox.Int(int64(n)) } //nolint:gosec // see above

func seconds(d time.Duration) sandbox.Number { return sandbox.Float(d.Seconds()) }

func (r *Reporter) appendInterfaces(into *sandbox.Reading, interfaces []Interface) {
	f := r.settings.families
	for _, row := range []struct {
		family  *sandbox.Family
		value   func(*Traffic) uint64
		problem bool
	}{
		{f.networkIO, func(t *Traffic) uint64 { return t.Bytes }, false},
		{f.networkPackets, func(t *Traffic) uint64 { return t.Packets }, false},
		{f.networkErrors, func(t *Traffic) uint64 { return t.Errors }, true},
		{f.networkDropped, func(t *Traffic) uint64 { return t.Dropped }, true},
	} {
		for i := range interfaces {
			if row.problem && interfaces[i].Uncounted {
				continue
			}
			labels := r.labelsOf(interfaces[i].Name)
			r.add(into, row.family, count(row.value(&interfaces[i].Received)), labels.receive)
			r.add(into, row.family, count(row.value(&interfaces[i].Transmitted)), labels.transmit)
		}
	}
}

// labelsOf returns the label values of an interface. The runtime limits the number of
// names.
func (r *Reporter) labelsOf(name string) *interfaceLabels {
	i := slices.IndexFunc(r.interfaces, func(l interfaceLabels) bool { return l.name == name })
	if i < 0 {
		i = len(r.interfaces)
		r.interfaces = append(r.interfaces, interfaceLabels{name, []string{name, "receive"}, []string{name, "transmit"}})
	}
	return &r.interfaces[i]
}

// appendContainers appends the usage of the containers, each to its own resource, and
// ends the series of those that no longer exist.
func (r *Reporter) appendContainers(into *sandbox.Reading, containers []Container) {
	for i := range r.containers {
		r.containers[i].current = false
	}
	f := r.settings.families
	for i := range containers {
		c := &containers[i]
		series := r.seriesOf(c.Identity)
		into.Resource(c.Identity)
		if f.containerCPU != nil && c.HasCPU {
			series.Add(into, f.containerCPU, seconds(c.CPU), nil)
		}
		if f.workloadProcesses != nil && c.HasProcesses {
			series.Add(into, f.workloadProcesses, count(c.Processes), nil)
		}
	}
	r.containers = slices.DeleteFunc(r.containers, func(c containerSeries) bool {
		if !c.current {
			into.EndResource(c.identity)
			c.series.AppendSeries(into)
		}
		return !c.current
	})
	into.Resource(nil)
}

func (r *Reporter) seriesOf(identity *sandbox.Identity) *sandbox.SeriesSet {
	i := slices.IndexFunc(r.containers, func(c containerSeries) bool { return c.identity == identity })
	if i < 0 {
		i = len(r.containers)
		r.containers = append(r.containers, containerSeries{identity: identity})
	}
	r.containers[i].current = true
	return &r.containers[i].series
}
