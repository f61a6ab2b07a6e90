package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// checkReaders checks who else reads the same directories: one Collector is expected,
// since the checks are for it. Evidence contains no command lines, which can contain
// secrets.
func checkReaders(h *Host, processes []process) []Finding {
	roots, hidden := directories(h), 0
	var findings []Finding
	var collectors, others []string
	for i := range processes {
		p := &processes[i]
		if p.hidden {
			hidden++
		}
		who := fmt.Sprintf("process %d (%s)", p.pid, p.name())
		switch {
		case isMetricServer(p, roots):
			findings = append(findings, Finding{
				"other_readers", Warning, "runsc metric-server also collects gVisor sandboxes: the work is done twice", who,
				"Stop it when the receiver has replaced it; leave --metric-server on the sandboxes.",
			})
		case p.name() == "kata-monitor":
			findings = append(findings, kataMonitor(h, who))
		case strings.Contains(p.name(), "otelcol") && (p.hidden || len(p.watched) > 0):
			collectors = append(collectors, who)
		case len(p.watched) > 0:
			others = append(others, who+" watches "+strings.Join(p.watched, ", "))
		}
	}
	if len(others) > 0 {
		findings = append(findings, Finding{
			"other_readers", Warning, "other processes watch the same directories", example(others),
			"If one of them is a Collector with this receiver, disable the receiver in all but one.",
		})
	}
	switch {
	case len(collectors) > 1:
		findings = append(findings, Finding{
			"other_readers", Warning, fmt.Sprintf("%d Collectors may read the same directories: every sandbox is pulled by each, "+
				"and requests to Kata shims are not coordinated", len(collectors)), example(collectors),
			"Enable the receiver in one Collector per host, and use include and exclude if several need parts of the data.",
		})
	case len(findings) == 0 && len(collectors) == 1:
		findings = append(findings, ok("other_readers", "one Collector, no other program", collectors[0]))
	case len(findings) == 0:
		findings = append(findings, ok("other_readers", "none", fmt.Sprintf("%d visible processes; "+
			"the open files of %d of them could not be examined", len(processes), hidden)))
	}
	return findings
}

// isMetricServer reports whether a process is a metric server of runsc, for one of the
// roots if its command line shows which. Recent releases have a separate program for it,
// runsc-metric-server.
func isMetricServer(p *process, roots []string) bool {
	if !strings.HasPrefix(p.name(), "runsc") || !p.has("metric-server") && !strings.HasSuffix(p.name(), "metric-server") {
		return false
	}
	root := p.flag("root")
	return root == "" || slices.Contains(roots, root)
}

// kataMonitor returns the finding about kata-monitor, which sends a request to every
// shim, also to those that crash because of it.
func kataMonitor(h *Host, who string) Finding {
	for i := range h.Sandboxes {
		if name := h.Sandboxes[i].Skip.Name; strings.HasSuffix(name, "_hypervisor") {
			return Finding{
				"other_readers", Problem, "kata-monitor sends requests to Kata shims that can crash because of them", who,
				"Stop kata-monitor.",
			}
		}
	}
	return Finding{
		"other_readers", Warning, "kata-monitor also sends requests to Kata shims: the work is done twice", who,
		"Stop it when the receiver has replaced it.",
	}
}
