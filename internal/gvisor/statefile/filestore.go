package statefile

import (
	"path/filepath"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

var (
	rootFields  = jsonscan.NewFields("path")
	mountFields = jsonscan.NewFields("upper")
)

// rootfs is the root file system of a container.
type rootfs struct {
	// path is the directory on the host.
	path string
	// selfBacked means that gVisor stores what the container writes in a file in that
	// directory.
	selfBacked bool
}

const (
	// selfOverlay is the number of the upper layer that runsc names self. There is also
	// a file if the layer is anon, but without a path.
	selfOverlay = 2
	// filestorePrefix is the name of the file without the ID of the sandbox.
	filestorePrefix = ".gvisor.filestore."
)

// isSelfBacked reads the configuration of the mounts, of which the root file system is
// the first:
//
//	[{"lower":1,"upper":2},{"lower":1,"upper":0}]
func (p *parser) isSelfBacked() (selfBacked bool) {
	if p.Peek() != jsonscan.Array {
		p.Skip()
		return false
	}
	p.OpenArray()
	for first := true; p.NextElement(); first = false {
		if !first {
			p.Skip()
			continue
		}
		p.lenientObject(mountFields, func(int) { selfBacked = p.limit() == selfOverlay })
	}
	return selfBacked
}

// filestore returns the path of the file. Neither the directory nor the file can be
// replaced from inside the container: all that it writes goes to the file. runsc does
// not start the sandbox if the image contains that file already.
func (r *rootfs) filestore(sandboxID string) string {
	if !r.selfBacked || sandboxID == "" || !filepath.IsAbs(r.path) || filepath.Clean(r.path) != r.path {
		return ""
	}
	return filepath.Join(r.path, filestorePrefix+sandboxID)
}
