package top

import "time"

// historySize is the number of values of a sparkline.
const historySize = 16

// history is the CPU usage of a sandbox.
type history struct {
	cpu   time.Duration
	at    time.Time
	known bool
	// usage are the last values, in CPUs, the newest one last.
	usage []float64
}

// add adds the CPU time at a time. CPU time that decreases, because a process has ended or
// the clock was set back, counts as no usage.
func (h *history) add(cpu time.Duration, at time.Time) {
	elapsed := at.Sub(h.at)
	if h.known && elapsed > 0 {
		if len(h.usage) == historySize {
			h.usage = append(h.usage[:0], h.usage[1:]...)
		}
		h.usage = append(h.usage, max(0, cpu-h.cpu).Seconds()/elapsed.Seconds())
	}
	h.cpu, h.at, h.known = cpu, at, true
}

// current returns the newest value. It reports false if there is none yet.
func (h *history) current() (float64, bool) {
	if h == nil || len(h.usage) == 0 {
		return 0, false
	}
	return h.usage[len(h.usage)-1], true
}

// minScale is the usage in CPUs that a full bar stands for at least, so that noise does
// not look like load.
const minScale = 0.1

var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline returns the values as bars. The highest one is full.
func (h *history) sparkline() string {
	if h == nil {
		return ""
	}
	scale := minScale
	for _, value := range h.usage {
		scale = max(scale, value)
	}
	line := make([]rune, len(h.usage))
	for i, value := range h.usage {
		line[i] = bars[min(len(bars)-1, int(value/scale*float64(len(bars))))]
	}
	return string(line)
}
