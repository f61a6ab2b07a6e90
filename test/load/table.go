package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// printTable prints all figures, one load per line.
func printTable(w io.Writer, options benchOptions, rows []*row) {
	_, _ = fmt.Fprintf(w, "%s\n%d points (%s) per gVisor sandbox; figures are for one cycle\n\n",
		machine(), options.points, "about 9 KB with 60")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...string) { _, _ = fmt.Fprintln(table, strings.Join(cells, "\t")+"\t") }
	line("load", "read", "kept", "floor CPU", "receiver CPU", "× kept", "× floor", "first cycle", "peak RSS", "heap each", "points", "allocs/point", "pdata's", "stop")
	heap := heapPerSandbox(rows)
	for _, r := range rows {
		got := &r.receiver
		each := "-"
		if per, known := heap[r]; known {
			each = fmt.Sprintf("%.1f KB", per/1024)
		}
		line(r.name(), fmt.Sprintf("%.1f MB", float64(r.floor.Bytes)/1e6),
			short(r.kept.CPU), short(r.floor.CPU), short(got.CPU),
			fmt.Sprintf("%.1f", ratio(got.CPU, r.kept.CPU)), fmt.Sprintf("%.1f", ratio(got.CPU, r.floor.CPU)),
			short(got.First), fmt.Sprintf("%.0f MB", float64(got.PeakMemory)/1e6), each,
			fmt.Sprintf("%.0f", got.Points), fmt.Sprintf("%.2f", got.Allocations), fmt.Sprintf("%.2f", got.PDataAllocations), short(got.Stop))
	}
	_ = table.Flush()
	for _, r := range rows {
		if r.peer != nil {
			_, _ = fmt.Fprintf(w, "\n%s, runsc metric-server: CPU %s per scrape (%.0f × the receiver's), wall %s, first scrape %s, %d samples, peak RSS %.0f MB\n",
				r.name(), short(r.peer.CPU), ratio(r.peer.CPU, r.receiver.CPU), short(r.peer.Wall), short(r.peer.First), r.peer.Samples,
				float64(r.peer.PeakMemory)/1e6)
		}
	}
	for _, r := range rows {
		if r.gvisor == referenceLoad {
			_, _ = fmt.Fprintf(w, "\n%s: the peers took %s where reading over kept connections took %s, which is %.0f × as much. Here that would be %s, %.0f × what the receiver takes.\n",
				r.name(), short(peersCPU), short(peersKept), ratio(peersCPU, peersKept), short(r.peersHere()), ratio(r.peersHere(), r.receiver.CPU))
		}
	}
	_, _ = fmt.Fprint(w, `
read: bytes of all answers · kept: ask, read and discard all answers at once, one after the other, over kept connections · floor
CPU: the same when the receiver does it, in five groups within the interval, over a new connection each time, because
sandboxes wait for open ones when they end · receiver CPU: the whole process, nothing behind the receiver · first cycle: from the end of the initial delay until every sandbox has delivered ·
heap each: growth of the heap per further sandbox · pdata's: allocations that a copy of the data needs

`)
}

// short is a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", ms(d))
	default:
		return fmt.Sprintf("%.2f ms", ms(d))
	}
}

// printVerdicts prints what had to be reached, and fails if it was not. Noisy
// figures fail only if strict.
func printVerdicts(w io.Writer, rows []*row, strict bool) error {
	var failed []error
	for _, v := range verdicts(rows) {
		word := "met"
		if !v.met() {
			word = "NOT MET"
			if strict || !v.noisy {
				failed = append(failed, fmt.Errorf("%s: %.2f %s, at most %.2f are allowed", v.what, v.got, v.unit, v.limit))
			}
		}
		_, _ = fmt.Fprintf(w, "%-7s  %-55s %10.2f ≤ %.2f %s\n", word, v.what, v.got, v.limit, v.unit)
	}
	return errors.Join(failed...)
}

// machine describes where the figures come from.
func machine() string {
	model := "unknown CPU"
	if file, err := os.Open("/proc/cpuinfo"); err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d × %s, Linux %s, %s", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), runtime.Version())
}
