package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

// receiverConfig returns a configuration of the receiver for the fleet. It has
// to be merged with a configuration that has exporters and pipelines.
func (s *simulation) receiverConfig(f *fleet.Fleet) string {
	hasGVisor, hasKata := s.fleet.GVisor+s.fleet.GVisorUnregistered > 0, s.fleet.Kata+s.fleet.KataRust+s.fleet.KataRustQEMU > 0
	for mode := range maps.Keys(s.fleet.Hostile) {
		hasKata = hasKata || mode.ForKata()
		hasGVisor = hasGVisor || !mode.ForKata()
	}
	var text strings.Builder
	text.WriteString("receivers:\n  sandbox:\n    collection_interval: 10s\n")
	if root := f.CgroupRoot(); root != "" {
		fmt.Fprintf(&text, "    usage:\n      cgroup_root: %s\n", quoted(root))
	}
	section := func(name, key string, enabled bool, paths ...string) {
		fmt.Fprintf(&text, "    %s:\n      enabled: %t\n", name, enabled)
		if !enabled {
			return
		}
		fmt.Fprintf(&text, "      %s:\n", key)
		for _, path := range paths {
			fmt.Fprintf(&text, "        - %s\n", quoted(path))
		}
	}
	section("gvisor", "roots", hasGVisor, f.RuntimeRoot())
	section("kata", "storage_paths", hasKata, f.StoragePaths()...)
	return text.String()
}

// quoted returns the text as a YAML string; a JSON string is one. A dollar sign
// is escaped, because it would start a variable of the Collector configuration.
func quoted(text string) string {
	data, err := json.Marshal(strings.ReplaceAll(text, "$", "$$"))
	if err != nil {
		panic(err) // encoding a string cannot fail
	}
	return string(data)
}
