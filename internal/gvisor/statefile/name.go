package statefile

import "strings"

const (
	separator     = "_sandbox:"
	extension     = ".state"
	lockExtension = ".lock"
)

// Name is a parsed state file name.
type Name struct {
	ContainerID, SandboxID string
}

// ParseName parses a name such as "app_sandbox:web.state". It reports whether
// the name is that of a state file.
func ParseName(file string) (Name, bool) {
	ids, found := strings.CutSuffix(file, extension)
	if !found {
		return Name{}, false
	}
	container, sandbox, found := strings.Cut(ids, separator)
	if !found || !ValidID(container) || !ValidID(sandbox) {
		return Name{}, false
	}
	return Name{ContainerID: container, SandboxID: sandbox}, true
}

// HasExtension reports whether a file name has the extension of state files.
func HasExtension(file string) bool { return strings.HasSuffix(file, extension) }

// String returns the name of the state file.
func (n Name) String() string { return n.ContainerID + separator + n.SandboxID + extension }

// LockFile returns the name of the file that runsc locks while it writes the
// state file.
func (n Name) LockFile() string { return n.ContainerID + separator + n.SandboxID + lockExtension }

// IsRootContainer reports whether the state file is that of the sandbox's root
// container.
func (n Name) IsRootContainer() bool { return n.ContainerID == n.SandboxID }

// ValidID reports whether runsc accepts the ID. An ID consists of letters, digits
// and the characters "_", "+", "." and "-". It is never a path.
func ValidID(id string) bool {
	if id == "" || id == "." || id == ".." {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '_', c == '+', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
