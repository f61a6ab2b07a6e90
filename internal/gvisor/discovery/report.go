package discovery

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"go.uber.org/zap"
)

// report reports to the observer which paths are skipped and why sandboxes may be
// missing, as far as that has changed. The first call follows the first scan of
// all roots.
func (f *finder) report() {
	f.reportSkippedFiles()
	f.reportSkippedRoots()
	for _, r := range f.roots {
		f.reportLeftovers(r)
	}
	f.reportError()
	if !f.scanned {
		f.scanned = true
		f.warnAboutRoots()
		f.observer.Scanned()
	}
}

func (f *finder) reportSkippedFiles() {
	for _, r := range f.roots {
		for _, file := range r.files {
			if reason := f.skipReason(file); reason != file.reported {
				file.reported = reason
				f.observer.Skipped(file.path(), reason)
			}
		}
	}
}

// skipReason returns the reason why a file is skipped, empty if it is not.
func (f *finder) skipReason(file *file) Reason {
	// Checking the name first saves the lookup for most files.
	if file.reason == "" && !file.name.IsRootContainer() && f.set.lacksRootContainer(file.key(), file.name.ContainerID) {
		return NoRootContainer
	}
	return file.reason
}

// reportSkippedRoots reports the reasons that concern whole roots.
func (f *finder) reportSkippedRoots() {
	skipped := map[string]Reason{}
	for _, path := range f.excess {
		skipped[path] = TooMany
	}
	for path := range f.failed {
		skipped[path] = Unreadable
	}
	for path, r := range f.roots {
		if reason := r.reason(); reason != "" {
			skipped[path] = reason
		}
	}
	for path := range f.skippedRoots {
		if skipped[path] == "" {
			f.observer.Skipped(path, "")
		}
	}
	for path, reason := range skipped {
		if reason != f.skippedRoots[path] {
			f.observer.Skipped(path, reason)
		}
	}
	f.skippedRoots = skipped
}

func (f *finder) reportError() {
	err := f.discoveryError()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != f.lastError {
		f.lastError = text
		f.observer.DiscoveryError(err)
	}
}

// discoveryError returns the reasons why sandboxes may be missing, nil if there are
// none.
func (f *finder) discoveryError() error {
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(f.failed)) {
		errs = append(errs, unreadableRoot(path, f.failed[path]))
	}
	for _, path := range slices.Sorted(maps.Keys(f.roots)) {
		r := f.roots[path]
		if r.failed != nil {
			errs = append(errs, unreadableRoot(path, r.failed))
		}
		if n := r.unreadable(); n > 0 {
			f.warnAboutUnreadableFiles(r, n)
			errs = append(errs, unreadableRoot(path, fmt.Errorf("%d of %d state files are unreadable", n, len(r.files))))
		}
	}
	if f.set.hasUnseenProcess() {
		f.warnAboutUnseenProcesses()
		if f.liveness.ownProcessesOnly {
			errs = append(errs, errOtherNamespace)
		}
	}
	return errors.Join(errs...)
}

// warnAboutUnreadableFiles logs once per root that state files cannot be read. One
// record for each file would only repeat it.
func (f *finder) warnAboutUnreadableFiles(r *root, count int) {
	if !r.loggedUnreadable {
		r.loggedUnreadable = true
		f.logger.Warn("Failed to read gVisor state files; run the Collector as root",
			zap.String("root", r.path), zap.Int("files", count))
	}
}

// unreadableRoot returns the error for a root of which at least a part cannot be
// read.
func unreadableRoot(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("read gVisor runtime root %s: %w: run the Collector as root", path, err)
	}
	return fmt.Errorf("read gVisor runtime root %s: %w", path, err)
}

// Reasons why the processes of sandboxes cannot be seen, so that their state is
// unknown. In another PID namespace, the listening process cannot be verified
// either; a hidden one can.
var (
	errOtherNamespace = errors.New("find gVisor sandbox processes: they are not visible in the receiver's PID namespace: " +
		"share the host's PID namespace (hostPID: true in Kubernetes), or set gvisor::verify_peer to false")
	errHiddenProcesses = errors.New("find gVisor sandbox processes: /proc hides them (mount option hidepid, or ProtectProc in systemd): " +
		"grant CAP_SYS_PTRACE, set ProtectProc=default, or set gvisor::verify_peer to false")
)

// warnAboutUnseenProcesses logs once why processes cannot be seen.
func (f *finder) warnAboutUnseenProcesses() {
	if f.warnedUnseen {
		return
	}
	f.warnedUnseen = true
	err := errHiddenProcesses
	if f.liveness.ownProcessesOnly {
		err = errOtherNamespace
	}
	f.logger.Warn("State of gVisor sandboxes is unknown", zap.Error(err))
}
