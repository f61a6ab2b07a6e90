package kata

import (
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
)

// minShimInterval is the shortest time between two requests to a shim. Each one
// makes the Go shim query the guest about every container twice.
const minShimInterval = 10 * time.Second

// Some versions of the Go shim never finish a response whose guest part is
// malformed: each request for it leaves a thread behind that spins, and up to 4 MiB.
const (
	// spinningPercent is the minimum CPU usage, in percent of one CPU, at which a shim
	// is considered to be spinning.
	spinningPercent = 90
	// busyPercent is the minimum CPU usage at which a shim may be spinning with less
	// than one CPU, because of a limit or because other processes compete for it.
	busyPercent = 10
	// minMeasured is the minimum duration of a measurement of the CPU usage, and
	// minSpinning that of high CPU usage of a spinning shim. A shim that is busy for a
	// shorter time remains usable.
	minMeasured = 3 * time.Second
	minSpinning = 30 * time.Second
	// minMeasuredAge is the minimum age of a shim that is measured before the first
	// request: an earlier Collector may have sent requests.
	minMeasuredAge = 2 * time.Minute
	// maxIncompleteRetries is the number of requests after incomplete responses,
	// regardless of the measurements: a spinning shim may get less than one CPU,
	// or be in a PID namespace that is not visible.
	maxIncompleteRetries = 3
	// forgetIncomplete is the time without incomplete responses after which earlier
	// ones that did not leave the shim spinning no longer count.
	forgetIncomplete = 24 * time.Hour
)

// maxWaiting limits how long a receiver that may not send a request yet takes
// precedence over the one that sent the last request.
const maxWaiting = time.Minute

// shimRecord is what all receivers of this process share about one instance of a
// shim: when it received requests, and their effect on it.
type shimRecord struct {
	mu sync.Mutex
	// requested is when the last request was sent, and by for which sandbox object;
	// inFlight means that it is not finished.
	requested time.Time
	by        *Sandbox
	inFlight  bool
	// waiting is the sandbox object for which the next request is reserved until
	// waitingUntil.
	waiting      *Sandbox
	waitingUntil time.Time

	// baseline is the first reading of the measurement in progress. No request is
	// sent while there is one.
	baseline cpuReading
	// incomplete counts incomplete responses; lastIncomplete is the time of the last
	// one. doubtful means that the CPU usage after one of them is unknown, or
	// too high to exclude that the shim spins with less than one CPU.
	incomplete     int
	lastIncomplete time.Time
	doubtful       bool
	reason         guard.Reason

	// users and released belong to shimRecords: the number of sandbox objects that
	// use the record, and the time at which the last one released it.
	users    int
	released time.Time
}

// observed returns why no more requests may be sent to the shim, empty if they may.
func (r *shimRecord) observed() guard.Reason {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reason
}

// Reasons for which a pull sends no request although the shim may be contacted.
const (
	beingMeasured = "its CPU usage is being measured"
	notYet        = "another receiver of this process has sent a request within the last 10 s, or is next"
)

// begin reserves the shim for a request. It returns why none may be sent now, or
// "" if one may; in that case, end must follow.
func (r *shimRecord) begin(by *Sandbox, now time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	waits := r.waiting != nil && now.Before(r.waitingUntil)
	switch {
	case r.baseline != (cpuReading{}):
		return beingMeasured
	case r.inFlight, r.by != by && now.Sub(r.requested) < minShimInterval:
		// The scheduler keeps the interval between requests for the same object.
		if !waits {
			r.waiting, r.waitingUntil = by, now.Add(maxWaiting)
		}
		return notYet
	case waits && r.waiting != by:
		return notYet
	}
	r.requested, r.by, r.inFlight, r.waiting = now, by, true, nil
	return ""
}

// end ends a request. If its response was incomplete, the next request waits until
// the CPU usage since usage has been measured.
func (r *shimRecord) end(incomplete bool, usage cpuReading, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight = false
	if !incomplete {
		return
	}
	if !r.doubtful && now.Sub(r.lastIncomplete) >= forgetIncomplete {
		r.incomplete = 0
	}
	r.incomplete++
	r.lastIncomplete = now
	if r.incomplete > maxIncompleteRetries {
		r.reason = guard.IncompleteResponses
		return
	}
	r.baseline = usage
	r.doubtful = r.doubtful || usage == (cpuReading{})
}

// suspect makes the first request wait until the CPU usage since usage has been
// measured.
func (r *shimRecord) suspect(usage cpuReading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.requested.IsZero() && r.baseline == (cpuReading{}) {
		r.baseline = usage
	}
}

// measure continues the measurement in progress.
func (r *shimRecord) measure(processes host.Processes, now func() time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.baseline == (cpuReading{}) {
		return
	}
	switch cores, elapsed, ok := r.baseline.cores(processes, now); {
	case !ok:
		r.doubtful = true
	case elapsed < minMeasured:
		return
	case cores*100 < spinningPercent:
		r.doubtful = r.doubtful || cores*100 >= busyPercent
	case elapsed < minSpinning:
		return
	default:
		r.reason = guard.Spinning
	}
	r.baseline = cpuReading{}
}
