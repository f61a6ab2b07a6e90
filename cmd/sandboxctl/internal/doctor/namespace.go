package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checkPIDNamespace checks that the processes of sandboxes are visible. The kernel fixes
// the number of the initial PID namespace.
func checkPIDNamespace(h *Host) []Finding {
	namespace, err := h.Files.Link("/proc/self/ns/pid")
	if err != nil {
		return []Finding{unknown("pid_namespace", err)}
	}
	evidence := "/proc/self/ns/pid: " + namespace
	switch {
	case namespace == "pid:[4026531836]":
		return []Finding{ok("pid_namespace", "that of the host", evidence)}
	case h.VerifyPeer && len(h.Roots) > 0:
		return []Finding{{
			"pid_namespace", Problem, "not that of the host: every pull of a gVisor sandbox fails with wrong_peer", evidence,
			"Use the PID namespace of the host: hostPID: true in Kubernetes, --pid=host in Docker. " +
				"If that is impossible, set gvisor::verify_peer: false.",
		}}
	}
	return []Finding{{
		"pid_namespace", Warning, "not that of the host: CPU and memory of sandboxes without a cgroup, and processes of " +
			"Kata sandboxes, are missing", evidence,
		"Use the PID namespace of the host: hostPID: true in Kubernetes, --pid=host in Docker.",
	}}
}

// checkHidepid checks that /proc shows the processes of other users.
func checkHidepid(h *Host) []Finding {
	options, err := procOptions(h.Files)
	if err != nil {
		return []Finding{unknown("hidepid", err)}
	}
	s, err := readSelf(h.Files)
	if err != nil {
		return []Finding{unknown("hidepid", err)}
	}
	evidence := "/proc/self/mountinfo: " + options
	value, group := option(options, "hidepid"), option(options, "gid")
	gid, err := strconv.Atoi(group)
	switch {
	case value == "" || value == "0" || value == "off":
		return []Finding{ok("hidepid", "/proc shows all processes", evidence)}
	case s.has(sysPtrace):
		return []Finding{ok("hidepid", "/proc hides processes, but not from CAP_SYS_PTRACE", evidence)}
	case err == nil && slices.Contains(s.groups, gid) && value != "4" && value != "ptraceable":
		return []Finding{ok("hidepid", fmt.Sprintf("/proc hides processes, but not from group %d", gid), evidence)}
	}
	return []Finding{{
		"hidepid", Problem, "/proc hides the processes of sandboxes: gVisor sandboxes have the state unknown, and usage is missing",
		evidence, "Remove ProtectProc= from the systemd unit; or mount /proc without hidepid; or add CAP_SYS_PTRACE.",
	}}
}

// procOptions returns the options of the file system at /proc. Its line is
//
//	22 27 0:21 / /proc rw,relatime shared:12 - proc proc rw,hidepid=invisible
//
// If several are mounted there, the last one is visible.
func procOptions(files Files) (string, error) {
	text, err := files.Read("/proc/self/mountinfo", maxMounts)
	if err != nil {
		return "", err
	}
	options := ""
	for line := range strings.Lines(text) {
		mount, system, found := strings.Cut(line, " - ")
		fields, types := strings.Fields(mount), strings.Fields(system)
		if found && len(fields) > 4 && fields[4] == "/proc" && len(types) == 3 && types[0] == "proc" {
			options = types[2]
		}
	}
	if options == "" {
		return "", fmt.Errorf("parse /proc/self/mountinfo: nothing is mounted at /proc")
	}
	return options, nil
}

// option returns the value of a mount option, empty if it is not set.
func option(options, key string) string {
	for o := range strings.SplitSeq(options, ",") {
		if name, value, _ := strings.Cut(o, "="); name == key {
			return value
		}
	}
	return ""
}
