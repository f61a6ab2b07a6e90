package fleet

import (
	"fmt"
	"os"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// createCgroupRoot creates the directory of the cgroups. It must not exist, so that the
// fleet cannot write to real cgroups.
func (f *Fleet) createCgroupRoot() error {
	root := f.options.CgroupRoot
	if root == "" {
		return nil
	}
	if _, err := os.Lstat(root); err == nil {
		return fmt.Errorf("invalid cgroup root %q: already exists: use a directory that does not exist", root)
	}
	if err := f.createDirectory(root); err != nil {
		return err
	}
	return f.root.Cgroups.Init()
}

// CgroupRoot returns where the sandboxes have cgroups, empty if they have none.
func (f *Fleet) CgroupRoot() string { return f.options.CgroupRoot }

// cgroupParts is the number of parts of the sandboxes that are updated one after the
// other, so that updates do not use all CPUs at once.
const cgroupParts = 20

// updateCgroups updates the cgroups until the fleet closes.
func (f *Fleet) updateCgroups() {
	ticker := time.NewTicker(simulate.CgroupInterval / cgroupParts)
	defer ticker.Stop()
	for part := 0; ; part = (part + 1) % cgroupParts {
		select {
		case <-f.stop:
			return
		case <-ticker.C:
		}
		f.updatePart(part)
	}
}

// updatePart updates the cgroups of one part of the sandboxes. That fails only if the
// directory is changed from outside.
func (f *Fleet) updatePart(part int) {
	for i, s := range f.GVisor() {
		if i%cgroupParts == part {
			_ = s.UpdateCgroup()
		}
	}
	for i, p := range f.Kata() {
		if i%cgroupParts == part {
			_ = p.UpdateCgroup()
		}
	}
}
