package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// causes cause each reason on a host, with a part of the evidence.
var causes = map[string]struct {
	cause    func(*explainedHost)
	evidence string
}{
	"gvisor excluded": {func(h *explainedHost) {
		h.addGVisor(gvisor.Options{ID: "web"})
		h.options = "    include:\n      namespaces: [{strict: production}]\n"
	}, "include: namespaces (1); exclude: none"},
	"gvisor busy": {func(h *explainedHost) {
		h.addGVisor(gvisor.Options{ID: "web"})
		h.lock("web")
	}, "lock: "},
	"gvisor malformed": {func(h *explainedHost) {
		h.write(h.state("web"), `{"secret"`)
		time.Sleep(200 * time.Millisecond) // until then, it might still be being written
	}, "parse state file: "},
	"gvisor foreign": {func(h *explainedHost) {
		h.write(filepath.Join(h.RuntimeRoot(), "my.state"), "{}")
	}, "name: not <container>_sandbox:<sandbox>.state"},
	"gvisor oversize": {func(h *explainedHost) {
		h.write(h.state("web"), "")
		require.NoError(h, os.Truncate(h.state("web"), 4<<20+1))
	}, "file: 4194305 bytes"},
	"gvisor not_regular": {func(h *explainedHost) {
		require.NoError(h, os.Symlink("/etc/passwd", h.state("web")))
	}, "file: symbolic link"},
	"gvisor no_root_container": {func(h *explainedHost) {
		h.addGVisor(gvisor.Options{ID: "pod", Containers: 1})
		require.NoError(h, os.Remove(h.state("pod")))
	}, "container: not the root container of sandbox pod"},
	"gvisor unreadable": {func(h *explainedHost) {
		h.roots = []string{filepath.Join(h.RuntimeRoot(), "file")}
		h.write(h.roots[0], "")
	}, "file: 0 bytes"},
	"gvisor too_many": {func(h *explainedHost) {
		h.makeMany(filepath.Join(h.RuntimeRoot(), "many"), 1025)
		h.roots = []string{filepath.Join(h.RuntimeRoot(), "many", "*")}
	}, "file: directory"},
	"gvisor unregistered": {func(h *explainedHost) {
		h.addGVisor(gvisor.Options{ID: "web", Unregistered: true})
		h.options = "    gvisor:\n      trust: registered\n"
	}, "gvisor::trust: registered"},
	"gvisor other_metric_server": {func(h *explainedHost) {
		h.addGVisor(gvisor.Options{ID: "web"})
		h.options = "    gvisor:\n      metric_server_address: localhost:1\n"
	}, "gvisor::metric_server_address: localhost:1"},
	"kata excluded": {func(h *explainedHost) {
		h.addKata(kata.Options{ID: "web"})
		h.options = "    include:\n      namespaces: [{strict: production}]\n"
	}, "include: namespaces (1)"},
	"kata not_directory": {func(h *explainedHost) { h.write(h.entry("file"), "") }, "file: 0 bytes"},
	"kata invalid_name":  {func(h *explainedHost) { h.makeDirectory(h.entry(".hidden")) }, "file: directory"},
	"kata no_socket":     {func(h *explainedHost) { h.makeDirectory(h.entry("web", "persist.json")) }, "content: persist.json"},
	"kata not_socket": {func(h *explainedHost) {
		h.makeDirectory(h.entry("web"))
		h.write(h.entry("web", "shim-monitor.sock"), "")
	}, "shim-monitor.sock: not a socket"},
	"kata jailer": {func(h *explainedHost) { h.makeDirectory(h.entry("firecracker")) }, "content: none"},
	"kata template": {func(h *explainedHost) {
		h.makeDirectory(h.entry("0a1b2c3d-0000-4000-8000-000000000000"))
	}, "content: none"},
	"kata unreadable": {func(h *explainedHost) {
		h.write(h.entry("..", "file"), "")
		h.storagePaths = []string{h.entry("..", "file", "sbs")}
	}, "not a directory"},
	"kata unsafe_hypervisor": {func(h *explainedHost) {
		h.addKata(kata.Options{ID: "web", Rust: true, Hypervisor: "qemu"})
	}, "kata.hypervisor.name: qemu"},
	"kata unknown_hypervisor": {func(h *explainedHost) {
		h.addKata(kata.Options{ID: "web", Rust: true, Hypervisor: "cloud-hypervisor"})
	}, "kata.hypervisor.name: cloud-hypervisor"},
	"kata no_state": {func(h *explainedHost) {
		h.addKata(kata.Options{ID: "web", Rust: true, Booting: true})
	}, "kata::collection: auto"},
	"kata passive": {func(h *explainedHost) {
		h.addKata(kata.Options{ID: "web"})
		h.options = "    kata:\n      collection: passive\n"
	}, "kata::collection: passive"},
}

// causedElsewhere are the reasons that only tests of the package with the reason cause:
// they depend on requests that were sent before, on a file that is old, or on more
// entries than a test should create.
var causedElsewhere = map[string]bool{
	"kata spinning": true, "kata incomplete_responses": true, "gvisor leftover": true, "kata too_many": true,
}

// TestExplainNamesEveryReason checks the cause and the remedy of each reason of the list.
func TestExplainNamesEveryReason(t *testing.T) {
	for _, r := range reason.All() {
		for _, runtime := range []string{"gvisor", "kata"} {
			name := runtime + " " + r.Name
			if r.Runtime != "" && r.Runtime != runtime || causedElsewhere[name] {
				continue
			}
			t.Run(name, func(t *testing.T) {
				require.Contains(t, causes, name)
				h := newExplainedHost(t)
				causes[name].cause(h)
				code, stdout, stderr := h.run("-o", "json")
				assert.NotZero(t, code, stderr)
				assert.NotContains(t, stdout, "secret")
				var explanations []explanation
				require.NoError(t, json.Unmarshal([]byte(stdout), &explanations))
				var found *explanation
				for i := range explanations {
					if explanations[i].Reason == r.Name && explanations[i].Runtime == runtime {
						found = &explanations[i]
					}
				}
				require.NotNil(t, found, stdout[:min(len(stdout), 2000)])
				assert.Equal(t, []string{r.Cause, r.Remedy}, []string{found.Cause, found.Remedy})
				assert.Contains(t, strings.Join(found.Evidence, "\n"), causes[name].evidence)
				assert.Equal(t, r.See != "", found.See != "")
			})
		}
	}
	assert.Len(t, causes, len(reason.All())-len(causedElsewhere)+1, "a reason of all runtimes has two causes")
}

const explained = `skipped         kata $ROOT/kata/\x1b[2J
                reason: invalid_name
                cause: The name is not a valid sandbox ID.
                evidence: file: directory, changed 1h0m0s ago
                evidence: content: \x1b]0;title\a
                what to do: Nothing.
not contacted   kata $ROOT/kata/cache
                state: skipped
                reason: unsafe_hypervisor
                cause: $UNSAFE_CAUSE
                evidence: created: $CREATED
                evidence: kata.runtime.flavor: rust
                evidence: kata.hypervisor.name: qemu
                evidence: kata::collection: auto
                what to do: $UNSAFE_REMEDY
                see: README.md, section Trusted hypervisors
`

// TestExplainOutput compares the text for people. Names of files cannot control the
// terminal.
func TestExplainOutput(t *testing.T) {
	h := newExplainedHost(t)
	h.addGVisor(gvisor.Options{ID: "web"})
	h.addKata(kata.Options{ID: "cache", Rust: true, Hypervisor: "qemu"})
	hostile := filepath.Join(h.storagePaths[1], "\x1b[2J")
	h.makeDirectory(filepath.Join(hostile, "\x1b]0;title\a"))
	h.age(hostile)
	code, stdout, stderr := h.run()
	assert.Equal(t, exitNothing, code)
	assert.Equal(t, "sandboxctl: 2 of 3 not collected\n", stderr)
	unsafe, _ := reason.Find("kata", "unsafe_hypervisor")
	want := os.Expand(explained, func(name string) string {
		return map[string]string{
			"ROOT": filepath.Dir(h.storagePaths[1]), "UNSAFE_CAUSE": unsafe.Cause, "UNSAFE_REMEDY": unsafe.Remedy,
			"CREATED": regexp.MustCompile(`created: (\S+)`).FindStringSubmatch(stdout + "created: none")[1],
		}[name]
	})
	assert.Equal(t, want, stdout)
}

func TestExplainSelects(t *testing.T) {
	h := newExplainedHost(t)
	for i := range 2 {
		h.addGVisor(gvisor.Options{ID: "web-" + strconv.Itoa(i)})
	}
	code, stdout, _ := h.run()
	assert.Equal(t, []any{exitOK, "All 2 sandboxes are collected.\n"}, []any{code, stdout})
	code, stdout, _ = h.run("-o", "json")
	assert.Equal(t, []any{exitOK, "[]\n"}, []any{code, stdout})
	h.write(h.state("bad"), "")
	for text, test := range map[string]struct {
		code  int
		paths []string
	}{
		"web-1":               {exitOK, []string{"web-1"}},
		"web":                 {exitUsage, nil}, // ambiguous
		"none":                {exitNothing, nil},
		h.state("bad"):        {exitNothing, []string{filepath.Base(h.state("bad"))}},
		h.RuntimeRoot() + "/": {exitNothing, []string{filepath.Base(h.state("bad")), "web-0", "web-1"}},
		"/elsewhere":          {exitNothing, nil},
	} {
		code, stdout, stderr := h.run("-o=yaml", text)
		assert.Equal(t, test.code, code, "%s: %s", text, stderr)
		var paths []string
		for _, match := range regexp.MustCompile(`(?m)^  path: .*/(\S+)$`).FindAllStringSubmatch(stdout, -1) {
			paths = append(paths, match[1])
		}
		assert.Equal(t, test.paths, paths, text)
	}
	_, stdout, _ = h.run("--all")
	assert.Equal(t, 2, strings.Count(stdout, "collected   gvisor "))
	code, _, stderr := h.run("a", "b")
	assert.Equal(t, exitUsage, code, stderr)
}

func TestExplainNothing(t *testing.T) {
	h := newExplainedHost(t)
	start := time.Now()
	code, stdout, stderr := h.run()
	assert.Equal(t, exitNothing, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "run sandboxctl doctor")
	assert.Less(t, time.Since(start), maxDiscovery)
}
