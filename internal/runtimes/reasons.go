package runtimes

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// SkipReasons returns the reasons of all runtimes, each with its runtime.
func SkipReasons() []sandbox.SkipReason {
	var all []sandbox.SkipReason
	for _, e := range new(Config).registry() {
		for _, reason := range e.config.SkipReasons() {
			reason.Runtime = e.key
			all = append(all, reason)
		}
	}
	return all
}
