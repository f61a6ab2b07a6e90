package storage

// Reason is why an entry of a storage path, or a whole storage path, is skipped
// instead of reported as a sandbox. The constants below are the complete list of values.
type Reason string

// Values of Reason.
const (
	// NotDirectory means that the entry is a file or a symbolic link, or that a
	// storage path is not a directory.
	NotDirectory Reason = "not_directory"
	// InvalidName means that the name of the entry is not a valid sandbox ID.
	InvalidName Reason = "invalid_name"
	// NoSocket means that the directory has no shim socket: it is a leftover of
	// a crash, or its sandbox is still starting.
	NoSocket Reason = "no_socket"
	// NotSocket means that a file of another type has the name of the socket.
	NotSocket Reason = "not_socket"
	// Jailer means that the entry is the working directory of Firecracker's
	// jailer.
	Jailer Reason = "jailer"
	// Template means that the entry belongs to a virtual machine that others are
	// cloned from, or that was started in advance and is not yet in use.
	Template Reason = "template"
	// Unreadable means that the entry or a whole storage path could not be
	// inspected, for example for lack of permission.
	Unreadable Reason = "unreadable"
	// TooMany means that the inventory already holds its maximum number of
	// sandboxes, or that a storage path has too many entries.
	TooMany Reason = "too_many"
)
