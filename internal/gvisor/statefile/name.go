package statefile

import "strings"

const (
	separator     = "_sandbox:"
	extension     = ".state"
	lockExtension = ".lock"
)

// Name is the name of a state file, taken apart.
type Name struct {
	ContainerID, SandboxID string
}

// ParseName takes apart a name such as "app_sandbox:web.state". It refuses
// every other name.
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

// LooksLikeState tells whether a file of a runtime root has the extension of a
// state file.
func LooksLikeState(file string) bool { return strings.HasSuffix(file, extension) }

// String is the name of the state file.
func (n Name) String() string { return n.ContainerID + separator + n.SandboxID + extension }

// Lock is the name of the file that is locked while the state file is written.
func (n Name) Lock() string { return n.ContainerID + separator + n.SandboxID + lockExtension }

// Root tells whether this is the container that the sandbox began with.
func (n Name) Root() bool { return n.ContainerID == n.SandboxID }

// ValidID tells whether runsc would take this as an id: letters, digits and
// the characters "_", "+", ".", "-". An id is never a path.
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
