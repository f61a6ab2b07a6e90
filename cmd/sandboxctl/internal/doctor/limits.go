package doctor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// checkInotify compares the limits of inotify with the use by this user. Without
// inotify, directories are polled.
func checkInotify(h *Host, processes []process) []Finding {
	instances, watches := 0, 0
	for i := range processes {
		if processes[i].own {
			instances, watches = instances+processes[i].instances, watches+processes[i].watches
		}
	}
	// The receiver needs one instance per runtime, and one watch per directory of a
	// runtime, of its parents and of a Kata sandbox.
	return []Finding{
		checkLimit(h, "inotify_instances", "max_user_instances", instances, 4),
		checkLimit(h, "inotify_watches", "max_user_watches", watches, 1024+len(h.Sandboxes)),
	}
}

func checkLimit(h *Host, check, file string, used, needed int) Finding {
	path := "/proc/sys/fs/inotify/" + file
	text, err := h.Files.Read(path, maxFile)
	if err != nil {
		return unknown(check, err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return unknown(check, fmt.Errorf("parse %s: %w", path, err))
	}
	evidence := fmt.Sprintf("%s: %d", path, limit)
	summary := fmt.Sprintf("%d of %d in use by visible processes of this user", used, limit)
	if limit-used >= needed {
		return ok(check, summary, evidence)
	}
	return Finding{
		check, Warning, summary + ": new sandboxes may be discovered after 5 s only", evidence,
		fmt.Sprintf("Raise the limit: sysctl fs.inotify.%s=%d", file, max(2*limit, 2*(used+needed))),
	}
}

// checkPidfd checks that the end of processes can be watched.
func checkPidfd(h *Host) []Finding {
	release, _ := h.Files.Read("/proc/sys/kernel/osrelease", maxFile)
	evidence := "/proc/sys/kernel/osrelease: " + strings.TrimSpace(release)
	err := h.Pidfd()
	if err == nil {
		return []Finding{ok("pidfd", "supported", evidence)}
	}
	return []Finding{{
		"pidfd", Warning, "not supported: the end of gVisor sandboxes is detected within 5 s instead of immediately",
		evidence + ", pidfd_open: " + err.Error(),
		"Use Linux 5.3 or later, and allow pidfd_open in the seccomp profile.",
	}}
}

// openFiles is what the receiver needs for requests in flight, and for everything else
// apart from watching processes.
const openFiles = 1024

// checkOpenFiles checks the limit on open files. Watching a gVisor sandbox requires one,
// and the receiver uses at most half of the limit for that.
func checkOpenFiles(h *Host) []Finding {
	limit, err := openFileLimit(h.Files)
	if err != nil {
		return []Finding{unknown("open_files", err)}
	}
	needed := openFiles
	for i := range h.Sandboxes {
		if h.Sandboxes[i].Runtime == sandbox.RuntimeGVisor {
			needed += 2
		}
	}
	evidence := fmt.Sprintf("/proc/self/limits: Max open files %d", limit)
	if limit >= needed {
		return []Finding{ok("open_files", fmt.Sprintf("%d files can be open, %d are sufficient", limit, needed), evidence)}
	}
	return []Finding{{
		"open_files", Warning, fmt.Sprintf("%d files can be open, but %s may require %d", limit,
			sandboxes(len(h.Sandboxes)), needed), evidence,
		fmt.Sprintf("Raise the limit: LimitNOFILE=%d in a systemd unit, ulimit -n %d on a shell.", 2*needed, 2*needed),
	}}
}

// openFileLimit reads the limit, which Go programs raise to the hard one. Its line is
//
//	Max open files            1024                 524288               files
func openFileLimit(files Files) (int, error) {
	text, err := files.Read("/proc/self/limits", maxFile)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, "Max open files")
		fields := strings.Fields(rest)
		if !found || len(fields) < 2 {
			continue
		}
		if fields[0] == "unlimited" {
			return 1 << 30, nil
		}
		return strconv.Atoi(fields[0])
	}
	return 0, errors.New("parse /proc/self/limits: no line Max open files")
}
