package discovery

import (
	"hash/maphash"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// minLeftoverAge is the minimum age of a leftover. A sandbox that ended recently is
// reported as stopped, even if the receiver was started afterwards.
const minLeftoverAge = 10 * time.Minute

// leftovers are state files whose sandbox had ended long before they were found: runsc
// was killed, or the host has rebooted. There may be very many of them, so neither
// their names nor their content are kept, and they do not count as files of the root.
type leftovers struct {
	seed maphash.Seed
	// versions are the files by the hash of their name.
	versions map[uint64]leftover
	// reported is the number that was last reported to the observer.
	reported int
}

// leftover is one leftover.
type leftover struct {
	// version is the hash of the file's version.
	version uint64
	// listed is the number of the last scan that listed the file.
	listed uint64
}

func newLeftovers() leftovers {
	return leftovers{seed: maphash.MakeSeed(), versions: map[uint64]leftover{}}
}

func (l *leftovers) add(name statefile.Name, version host.FileID, scan uint64) {
	l.versions[maphash.Comparable(l.seed, name)] = leftover{maphash.Comparable(l.seed, version), scan}
}

func (l *leftovers) forget(name statefile.Name) {
	if len(l.versions) > 0 {
		delete(l.versions, maphash.Comparable(l.seed, name))
	}
}

// forgetUnlisted forgets the files that a scan did not list. Those that still exist
// are found again.
func (l *leftovers) forgetUnlisted(scan uint64) {
	for name, known := range l.versions {
		if known.listed != scan {
			delete(l.versions, name)
		}
	}
}

// isLeftover reports whether a file that was read is a leftover. That is decided when
// the first file of a sandbox is read: a sandbox that is known remains known.
func (f *finder) isLeftover(file *file, state *statefile.State) bool {
	return f.isOld(file) && !file.locked && f.set.groups[file.key()] == nil &&
		len(file.root.leftovers.versions) < file.root.limits.names &&
		f.liveness.hasEnded(state, time.Unix(0, file.version.ModTime))
}

// makeRoom turns the sandboxes of a full root that have ended and whose files are old
// into leftovers: otherwise, they would prevent the discovery of new sandboxes until
// they are deleted. It reports whether there were any.
func (f *finder) makeRoom(r *root) (made bool) {
	ended := map[Key]bool{}
	for key, g := range f.set.groups {
		ended[key] = key.Root == r.path && g.hasEnded()
	}
	for _, file := range r.files {
		// Either all files of a sandbox become leftovers, or none.
		if !f.isOld(file) || file.locked || file.reason != "" {
			delete(ended, file.key())
		}
	}
	for _, file := range r.files {
		if ended[file.key()] && len(r.leftovers.versions) < r.limits.names {
			f.setAside(file)
			made = true
		}
	}
	return made
}

// isOld reports whether the version of a file that was last read is old enough for a
// leftover.
func (f *finder) isOld(file *file) bool {
	written := time.Unix(0, max(file.version.ModTime, file.version.ChangeTime))
	return f.now().Sub(written) >= minLeftoverAge
}

// setAside turns a file into a leftover.
func (f *finder) setAside(file *file) {
	version := file.version
	f.forget(file)
	file.root.leftovers.add(file.name, version, file.root.scans)
}

// isUnchangedLeftover reports whether a name that the current scan listed is that of a
// known leftover that has not changed.
func (f *finder) isUnchangedLeftover(r *root, name string) bool {
	if len(r.leftovers.versions) == 0 {
		return false
	}
	parsed, ok := statefile.ParseName(name)
	if !ok {
		return false
	}
	hash := maphash.Comparable(r.leftovers.seed, parsed)
	known, ok := r.leftovers.versions[hash]
	if !ok {
		return false
	}
	file := file{root: r, name: parsed}
	version, err := host.Stat(file.path())
	if err != nil || f.set.groups[file.key()] != nil || maphash.Comparable(r.leftovers.seed, version) != known.version {
		return false
	}
	known.listed = r.scans
	r.leftovers.versions[hash] = known
	return true
}

// reportLeftovers reports the number of leftovers of a root to the observer if it has
// changed, and logs it once.
func (f *finder) reportLeftovers(r *root) {
	count := len(r.leftovers.versions)
	if count == r.leftovers.reported {
		return
	}
	r.leftovers.reported = count
	f.observer.SkippedEntries(r.path, Leftover, count)
	if !r.loggedLeftovers {
		r.loggedLeftovers = true
		f.logger.Info("Ignoring state files of gVisor sandboxes that ended long ago: delete them with runsc delete --force",
			zap.String("root", r.path), zap.Int("state_files", count))
	}
}
