package doctor

import (
	"fmt"
	"slices"
)

// Status is the result of a check.
type Status string

// Values of Status.
const (
	// OK means that nothing needs to be done.
	OK Status = "ok"
	// Warning means that the receiver works, but something is missing or slower.
	Warning Status = "warning"
	// Problem means that the receiver cannot collect sandboxes, or not all of them.
	Problem Status = "problem"
)

// Finding is one line of the result.
type Finding struct {
	// Check is the name of the check, which never changes.
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Summary is what was found.
	Summary string `json:"summary"`
	// Evidence is what the summary is based on, and where it was read.
	Evidence string `json:"evidence"`
	// Remedy is what to do, empty if nothing.
	Remedy string `json:"remedy,omitempty"`
}

// Count returns the number of findings with a status.
func Count(findings []Finding, status Status) int {
	count := 0
	for i := range findings {
		if findings[i].Status == status {
			count++
		}
	}
	return count
}

// Run performs all checks, in the order in which a user should fix what they find.
func Run(h *Host) []Finding {
	processes := scanProcesses(h)
	return slices.Concat(
		checkUser(h),
		checkRoots(h),
		checkPIDNamespace(h),
		checkHidepid(h),
		checkCapabilities(h),
		checkCgroups(h),
		checkInotify(h, processes),
		checkPidfd(h),
		checkOpenFiles(h),
		checkSandboxes(h),
		checkReaders(h, processes),
	)
}

// ok returns a finding about which nothing needs to be done.
func ok(check, summary, evidence string) Finding {
	return Finding{Check: check, Status: OK, Summary: summary, Evidence: evidence}
}

// unknown returns the finding of a check whose evidence cannot be read.
func unknown(check string, err error) Finding {
	return Finding{
		Check: check, Status: Warning, Summary: "unknown", Evidence: err.Error(),
		Remedy: "Mount the proc file system of the host at /proc.",
	}
}

// plural returns a number with a noun.
func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}
