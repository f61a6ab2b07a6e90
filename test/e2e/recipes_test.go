//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// recipe is a query of docs/recipes.md under its heading.
type recipe struct{ heading, query string }

// readRecipes extracts all queries from the document.
func readRecipes(t *testing.T) (recipes []recipe) {
	t.Helper()
	text, err := os.ReadFile("../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		blocks := strings.Split(body, "```promql\n")[1:]
		if len(blocks) == 0 {
			t.Errorf("%q has no query", heading)
		}
		for _, block := range blocks {
			query, _, closed := strings.Cut(block, "\n```")
			if !closed {
				t.Errorf("%q has a block without an end", heading)
			}
			recipes = append(recipes, recipe{heading, query})
		}
	}
	return recipes
}

// expectation is which sandboxes a query must list, and which it must not. No query
// but those about all sandboxes lists the quiet one.
type expectation struct {
	wanted []string
	// unwanted are listed by no query but those for them.
	unwanted []string
}

// expectations are those of all queries, in the order of the document. Names that
// begin with a colon are those of simulated sandboxes.
var expectations = map[string][]expectation{
	"Which sandboxes use the most CPU?":            {{wanted: []string{"throttled", "quiet"}}},
	"Which sandboxes are near their memory limit?": {{[]string{"hog"}, []string{"quiet", "killed", "unenforced", "network"}}},
	"Which sandboxes do not respond?":              {{[]string{":stall", ":counter-down"}, []string{"quiet", "hog", ":qemu"}}},
	"Which system calls does gVisor not implement?": {{
		[]string{"quiet"}, []string{":qemu"},
	}},
	"Where are network packets dropped?":     {{[]string{"network"}, []string{"quiet", "hog"}}, {nil, []string{"quiet"}}},
	"What do the sandboxes themselves cost?": {{wanted: []string{"quiet"}}, {wanted: []string{"throttled"}}},
	"Which memory limits are not enforced?":  {{[]string{"unenforced"}, []string{"quiet", "hog", "killed", "throttled"}}},
	"Which sandboxes are throttled?":         {{[]string{"throttled"}, []string{"quiet", "hog"}}},
	"Which sandboxes are not contacted or not visible, and why?": {{
		[]string{":qemu"}, []string{"quiet", ":stall"},
	}},
	"In which sandboxes were processes killed because memory ran out?": {{[]string{"killed"}, []string{"quiet", "hog"}}},
	"Which sandboxes send invalid data?":                               {{[]string{":counter-down"}, []string{"quiet", ":stall", "hog"}}},
}

// overflow is a script with a server that does not accept connections.
const overflow = `
httpd -f -p 127.0.0.1:80 -h /tmp &
sleep 1
kill -STOP $!
while :; do
	i=0
	while [ $i -lt 40 ]; do wget -q -O /dev/null http://127.0.0.1/ & i=$((i+1)); done
	sleep 5
	/bin/busybox killall wget
done`

// startTroubled starts real sandboxes, one for each problem that the recipes find, and
// a quiet one.
func startTroubled(t *testing.T) *runsc.Runtime {
	t.Helper()
	r := runsc.New(t)
	const limit = 256 << 20
	limited := runsc.MemoryLimit(limit)
	for _, c := range []runsc.Container{
		{ID: "quiet", Script: runsc.Idle, Cgroup: runsc.NewPath(), Resources: limited},
		{ID: "throttled", Script: oneBurner, Cgroup: runsc.NewPath(), Resources: runsc.CPULimit(20)},
		{ID: "hog", Script: "/bin/busybox dd if=/dev/zero bs=200M count=1 | sleep 3600", Cgroup: runsc.NewPath(), Resources: limited},
		{ID: "unenforced", Script: runsc.Idle, Resources: limited},
		{ID: "network", Script: overflow, Network: runsc.LoopbackNamespace(t)},
		{ID: "killed", Script: runsc.Idle, Cgroup: killedCgroup, Resources: limited},
	} {
		r.Start(c)
	}
	return r
}

// killedCgroup is the cgroup of the sandbox in which the kernel kills a process.
var killedCgroup = runsc.NewPath()

// Every query of the document is valid, and lists the sandboxes that it promises.
func TestRecipes(t *testing.T) {
	recipes := readRecipes(t)
	r := startTroubled(t)
	simulated := simulate(t, "--hostile=stall=1", "--hostile=counter-down=1", "--kata-runtime-rs-qemu=1")
	served := collector.NewPage(t)
	collector.Start(t, filepath.Join(examples, "prometheus.yaml"), fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    usage: {interval: 1s}
    gvisor: {roots: [%q, %q]}
    kata: {storage_paths: [%q]}
exporters:
  prometheus_scrape: {endpoint: %q}
`, r.Root, simulated.root, filepath.Join(simulated.storage, "kata"), served.Address))
	server := startPrometheus(t, served.Address)
	// The first kill must come after the first point of its counter.
	eventuallyQuery(t, server, `count_over_time(sandbox_memory_oom_kills_total{sandbox_id="killed"}[5m]) > bool 2`, 1)
	exhaustMemory(t, memoryProcs(t, killedCgroup))
	ids := simulatedIDs(t, simulated, server)
	seen := map[string]int{}
	for _, recipe := range recipes {
		at := seen[recipe.heading]
		seen[recipe.heading]++
		t.Run(fmt.Sprint(recipe.heading, at), func(t *testing.T) {
			if at >= len(expectations[recipe.heading]) {
				t.Fatalf("the query has no expectation:\n%s", recipe.query)
			}
			expectations[recipe.heading][at].check(t, server, recipe.query, ids)
		})
	}
	for heading, list := range expectations {
		if len(list) != seen[heading] {
			t.Errorf("%q has %d queries, want %d", heading, seen[heading], len(list))
		}
	}
}

// simulatedIDs waits for the simulated sandboxes and returns their IDs by their names.
func simulatedIDs(t *testing.T, s *simulation, server string) map[string]string {
	t.Helper()
	ids := map[string]string{":qemu": s.pods(t, "kata")[0]}
	for name, kind := range map[string]string{":stall": "timeout", ":counter-down": "rejected"} {
		process.Eventually(t, collector.Timeout, func() error {
			failed, err := queryVector(server, fmt.Sprintf(`sandbox_pull_failures_total{error_type=%q,sandbox_id=~"simulated-.*"}`, kind))
			if err != nil {
				return err
			}
			if len(failed.Data.Result) != 1 {
				return fmt.Errorf("%s of %d sandboxes, want 1", kind, len(failed.Data.Result))
			}
			ids[name] = failed.Data.Result[0].Metric["sandbox_id"]
			return nil
		})
	}
	return ids
}

// check waits until a query lists what is expected.
func (e expectation) check(t *testing.T, server, query string, ids map[string]string) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		result, err := queryVector(server, query)
		if err != nil {
			return err
		}
		var listed []string
		for _, series := range result.Data.Result {
			listed = append(listed, series.Metric["sandbox_id"])
		}
		var errs []error
		for wanted, names := range map[bool][]string{true: e.wanted, false: e.unwanted} {
			for _, name := range names {
				id := name
				if simulated, found := ids[name]; found {
					id = simulated
				}
				if slices.Contains(listed, id) != wanted {
					errs = append(errs, fmt.Errorf("%s is listed: %t, want %t (%v)", name, !wanted, wanted, listed))
				}
			}
		}
		return errors.Join(errs...)
	})
}
