package doctor

import (
	"fmt"
	"strings"
)

const asRoot = "Run the command and the Collector as root: sudo on a shell, User=root in a systemd unit, " +
	"runAsUser: 0 in Kubernetes."

// checkUser checks the user: runtimes make their files accessible to root only, except
// for rootless ones.
func checkUser(h *Host) []Finding {
	s, err := readSelf(h.Files)
	if err != nil {
		return []Finding{unknown("user", err)}
	}
	evidence := fmt.Sprintf("/proc/self/status: Uid %d", s.uid)
	switch {
	case s.rootOfNamespace:
		return []Finding{{
			"user", Warning, "root of a user namespace, which is an ordinary user of the host",
			"/proc/self/uid_map: 0 is mapped to another user",
			"Run the Collector without a user namespace: hostUsers: true in Kubernetes, no rootless container engine.",
		}}
	case s.uid == 0:
		return []Finding{ok("user", "root", evidence)}
	case s.has(dacOverride):
		return []Finding{ok("user", fmt.Sprintf("user %d with CAP_DAC_OVERRIDE, who can access the files of all users", s.uid), evidence)}
	}
	missing := "CAP_DAC_OVERRIDE"
	if !s.has(dacRead) {
		missing = "CAP_DAC_READ_SEARCH (read state files) and " + missing
	}
	return []Finding{{
		"user", Warning, fmt.Sprintf("user %d without %s (connect to sockets): only sandboxes of this user are accessible", s.uid, missing),
		fmt.Sprintf("%s, CapEff %016x", evidence, s.capabilities),
		asRoot + " Rootless runsc: run them as the user who started the sandboxes.",
	}}
}

// checkCapabilities checks the only capability that root needs: to read /proc/<pid>/io,
// exe and fd of processes that are not its own.
func checkCapabilities(h *Host) []Finding {
	s, err := readSelf(h.Files)
	if err != nil {
		return []Finding{unknown("capabilities", err)}
	}
	evidence := fmt.Sprintf("/proc/self/status: CapEff %016x", s.capabilities)
	if s.has(sysPtrace) {
		return []Finding{ok("capabilities", "CAP_SYS_PTRACE is available", evidence)}
	}
	var needs []string
	if h.TrustedHypervisors {
		needs = append(needs, "kata::trusted_hypervisors has no effect")
	}
	if hasSkippedKata(h) {
		needs = append(needs, "kata.*.disk.io of Kata pods whose shims are not contacted is missing")
	}
	if len(needs) == 0 {
		return []Finding{ok("capabilities", "CAP_SYS_PTRACE is missing, and not needed", evidence)}
	}
	return []Finding{{
		"capabilities", Warning, "CAP_SYS_PTRACE is missing: " + strings.Join(needs, "; "), evidence,
		"Add CAP_SYS_PTRACE: AmbientCapabilities= and CapabilityBoundingSet= in a systemd unit, " +
			"securityContext.capabilities.add: [SYS_PTRACE] in Kubernetes.",
	}}
}
