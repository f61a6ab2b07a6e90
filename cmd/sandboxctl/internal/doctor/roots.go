package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// checkRoots checks that the directories of the runtimes can be read. That one does not
// exist is fine, because the receiver waits for it, unless none exists.
func checkRoots(h *Host) []Finding {
	var findings []Finding
	exist := false
	for _, pattern := range h.Roots {
		found, exists := checkPattern(h, pattern)
		findings, exist = append(findings, found...), exist || exists
	}
	for _, path := range h.StoragePaths {
		found, exists := checkDirectory(h, "storage_path", path, checkShimDirectory)
		findings, exist = append(findings, found), exist || exists
	}
	if !exist {
		findings = append(findings, Finding{
			"directories", Warning, "no runtime root and no storage path exists: no sandbox has been started, or they are elsewhere",
			fmt.Sprintf("%s, %s", plural(len(h.Roots), "pattern"), plural(len(h.StoragePaths), "storage path")),
			"In a container, mount the directories of the host at the same paths. For other directories, set gvisor::roots " +
				"(the value of runsc --root) and kata::storage_paths.",
		})
	}
	return findings
}

// checkPattern checks the runtime roots that match a pattern.
func checkPattern(h *Host, pattern string) (findings []Finding, exists bool) {
	paths, err := h.Files.Match(pattern)
	if err != nil || len(paths) == 0 {
		// Matching ignores directories that cannot be read.
		parent := path.Dir(pattern)
		if special := strings.IndexAny(pattern, `*?[\`); special >= 0 {
			parent = path.Dir(pattern[:special] + "x")
		}
		if _, err := h.Files.Names(parent, 1); errors.Is(err, fs.ErrPermission) {
			return []Finding{unreadable("runtime_root", pattern, err)}, true
		}
		return []Finding{ok("runtime_root", pattern+" does not exist yet", "no directory matches")}, false
	}
	for _, path := range paths {
		finding, _ := checkDirectory(h, "runtime_root", path, checkStateFile)
		findings = append(findings, finding)
	}
	return findings, true
}

// checkDirectory checks one directory: that it can be listed, and the entries too.
func checkDirectory(h *Host, check, directory string, entry func(*Host, string) (bool, error)) (finding Finding, exists bool) {
	names, err := h.Files.Names(directory, maxEntries)
	if errors.Is(err, fs.ErrNotExist) {
		return ok(check, directory+" does not exist yet", err.Error()), false
	}
	if err != nil {
		return unreadable(check, directory, err), true
	}
	sandboxes := 0
	for _, name := range names {
		isSandbox, err := entry(h, path.Join(directory, name))
		if errors.Is(err, fs.ErrPermission) {
			return unreadable(check, directory, err), true
		}
		if isSandbox {
			sandboxes++
		}
	}
	noun := map[string]string{"runtime_root": "state file", "storage_path": "shim socket"}[check]
	more := ""
	if len(names) == maxEntries {
		more = " or more"
	}
	return ok(check, directory+" is readable", fmt.Sprintf("%s, %s%s", entries(len(names)), plural(sandboxes, noun), more)), true
}

// checkStateFile checks that a state file can be read.
func checkStateFile(h *Host, path string) (isSandbox bool, err error) {
	if !strings.HasSuffix(path, ".state") {
		return false, nil
	}
	_, err = h.Files.Read(path, 1)
	return err == nil, err
}

// checkShimDirectory checks that the socket of a shim can be found.
func checkShimDirectory(h *Host, directory string) (isSandbox bool, err error) {
	_, err = h.Files.Stat(path.Join(directory, "shim-monitor.sock"))
	return err == nil, err
}

func unreadable(check, path string, err error) Finding {
	remedy := asRoot
	if !errors.Is(err, fs.ErrPermission) {
		remedy = "Correct " + map[string]string{"runtime_root": "gvisor::roots", "storage_path": "kata::storage_paths"}[check] + "."
	}
	return Finding{check, Problem, path + " cannot be read, or not all of it", err.Error(), remedy}
}

// hasSkippedKata reports whether the shim of a Kata sandbox is not contacted.
func hasSkippedKata(h *Host) bool {
	for i := range h.Sandboxes {
		if h.Sandboxes[i].Runtime == sandbox.RuntimeKata && h.Sandboxes[i].Skip.Name != "" {
			return true
		}
	}
	return false
}

func entries(count int) string {
	if count == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", count)
}
