package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// checkSandboxes checks what discovery found: that it is complete, that gVisor sandboxes
// have a registration, and that Kata shims can be contacted.
func checkSandboxes(h *Host) []Finding {
	findings := []Finding{checkDiscovery(h)}
	var firstUse []string
	skipped := map[string][]*Sandbox{}
	for i := range h.Sandboxes {
		s := &h.Sandboxes[i]
		if s.Trust == sandbox.FirstUse {
			firstUse = append(firstUse, s.Path)
		}
		if s.Skip.Name != "" {
			skipped[s.Skip.Name] = append(skipped[s.Skip.Name], s)
		}
	}
	if len(firstUse) > 0 {
		findings = append(findings, Finding{
			"registration", Warning, fmt.Sprintf("%s started without --metric-server: their metrics are verified against what they "+
				"registered themselves", gvisorSandboxes(len(firstUse))), example(firstUse),
			"Add --metric-server to the runtimeArgs of Docker or to runsc_config of containerd; no metric server has to run. " +
				"It applies to new sandboxes.",
		})
	}
	for _, name := range slices.Sorted(maps.Keys(skipped)) {
		findings = append(findings, checkSkipped(skipped[name]))
	}
	return findings
}

func checkDiscovery(h *Host) Finding {
	summary := "found " + sandboxes(len(h.Sandboxes))
	if h.DiscoveryErr == nil {
		return ok("discovery", summary, "first scan of all runtime roots and storage paths")
	}
	return Finding{
		"discovery", Problem, summary + ", but some may be missing", h.DiscoveryErr.Error(),
		"Fix the problems above; sandboxctl explain lists the paths that were skipped.",
	}
}

// checkSkipped returns the finding about sandboxes that are not contacted for the same
// reason.
func checkSkipped(skipped []*Sandbox) Finding {
	first, paths := skipped[0], make([]string, len(skipped))
	for i, s := range skipped {
		paths[i] = s.Path
	}
	return Finding{
		"skipped_sandboxes", Warning,
		fmt.Sprintf("%s %s not contacted, reason %s: %s",
			sandboxes(len(skipped)), isOrAre(len(skipped)), first.Skip.Name, first.Skip.Cause),
		example(paths), first.Skip.Remedy,
	}
}

// maxExamples is how many paths are shown as evidence.
const maxExamples = 3

func example(paths []string) string {
	slices.SortFunc(paths, cmp.Compare)
	more := ""
	if n := len(paths) - maxExamples; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(paths[:min(len(paths), maxExamples)], ", ") + more
}

func sandboxes(count int) string {
	if count == 1 {
		return "1 sandbox"
	}
	return fmt.Sprintf("%d sandboxes", count)
}

func gvisorSandboxes(count int) string {
	if count == 1 {
		return "1 gVisor sandbox was"
	}
	return fmt.Sprintf("%d gVisor sandboxes were", count)
}

func isOrAre(count int) string {
	if count == 1 {
		return "is"
	}
	return "are"
}
