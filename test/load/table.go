package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// headers are the columns of the table.
var headers = []string{
	"load", "read", "persistent connections", "baseline CPU", "receiver CPU", "× persistent", "× baseline", "first cycle", "peak RSS",
	"heap per sandbox", "points", "allocs/point", "pdata allocations", "stop",
}

// legend explains the columns.
const legend = `
read                    size of all responses
persistent connections  CPU time of a client that sends all requests, reads the responses and discards them: one
                        after another, over connections that stay open
baseline CPU            the same on the receiver's schedule: in five groups spread over the interval, over a new
                        connection each time, because a gVisor sandbox that ends waits for open connections
receiver CPU            CPU time of the whole process, with a consumer that discards the data
× persistent            receiver CPU / CPU with persistent connections
× baseline              receiver CPU / baseline CPU
first cycle             time from the end of the initial delay until every sandbox has delivered
peak RSS                peak memory of the process
heap per sandbox        heap growth per additional sandbox
points                  number of data points
allocs/point            allocations per data point
pdata allocations       allocations per data point that a copy of the data needs
stop                    duration of the shutdown

`

// printTable prints all measured values, one load per line.
func printTable(w io.Writer, options benchOptions, rows []*row) {
	_, _ = fmt.Fprintf(w, "%s\n%d points per gVisor sandbox (60 points are about 9 KB); bytes, CPU times and points are per cycle\n\n",
		machine(), options.points)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	printLine := func(cells []string) { _, _ = fmt.Fprintln(table, strings.Join(cells, "\t")+"\t") }
	printLine(headers)
	heap := heapPerSandbox(rows)
	for _, r := range rows {
		heapEach := "-"
		if per, known := heap[r]; known {
			heapEach = fmt.Sprintf("%.1f KB", per/1024)
		}
		printLine(r.cells(heapEach))
	}
	_ = table.Flush()
	for _, r := range rows {
		printUpstream(w, r)
	}
	_, _ = fmt.Fprint(w, legend)
}

// cells returns the values of a line in the order of headers.
func (r *row) cells(heapEach string) []string {
	got := &r.receiver
	return []string{
		r.name(),
		fmt.Sprintf("%.1f MB", float64(r.baseline.Bytes)/1e6),
		short(r.persistent.CPU),
		short(r.baseline.CPU),
		short(got.CPU),
		fmt.Sprintf("%.1f", ratio(got.CPU, r.persistent.CPU)),
		fmt.Sprintf("%.1f", ratio(got.CPU, r.baseline.CPU)),
		short(got.First),
		fmt.Sprintf("%.0f MB", float64(got.PeakMemory)/1e6),
		heapEach,
		fmt.Sprintf("%.0f", got.Points),
		fmt.Sprintf("%.2f", got.Allocations),
		fmt.Sprintf("%.2f", got.PDataAllocations),
		short(got.Stop),
	}
}

// printUpstream compares the receiver with the upstream exporter: as measured in
// this run, and for the reference load also as measured on another machine.
func printUpstream(w io.Writer, r *row) {
	if m := r.metricServer; m != nil {
		_, _ = fmt.Fprintf(w, "\n%s, runsc metric-server: CPU %s per scrape (%.0f × the receiver's), "+
			"duration %s, first scrape %s, %d samples, peak RSS %.0f MB\n",
			r.name(), short(m.CPU), ratio(m.CPU, r.receiver.CPU), short(m.Wall), short(m.First), m.Samples, float64(m.PeakMemory)/1e6)
	}
	if r.gvisor == referenceLoad {
		_, _ = fmt.Fprintf(w, "\n%s: on another machine, runsc metric-server and a Prometheus receiver used %s of CPU time, "+
			"%.0f × persistent connections (%s).\nThe same ratio on this machine is %s, %.0f × the receiver's CPU time.\n",
			r.name(), short(upstreamCPU), ratio(upstreamCPU, upstreamPersistent), short(upstreamPersistent),
			short(r.upstreamCPU()), ratio(r.upstreamCPU(), r.receiver.CPU))
	}
}

// short formats a duration with three digits.
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

// machine describes the machine on which the values were measured.
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
