package discovery

// Observer is told what there is and what changes, by one goroutine.
type Observer interface {
	// Added reports a new life of a sandbox.
	Added(s *Sandbox)
	// Changed reports news of a life that was added before.
	Changed(s *Sandbox)
	// Gone reports the end of a life, with what was last reported.
	Gone(s *Sandbox)
	// Passed reports how many paths are not taken as sandboxes, by reason.
	Passed(counts map[Reason]int)
	// Trouble reports why sandboxes may be missing, nil that nothing is known
	// to be wrong any more.
	Trouble(err error)
}

// Reason is why a path is not taken as (part of) a sandbox.
type Reason string

// All reasons.
const (
	// Busy: runsc is writing it right now, so it is locked or half written.
	Busy Reason = "busy"
	// Malformed: the content is not that of a state file, and stays so.
	Malformed Reason = "malformed"
	// Foreign: the name is not that of a state file, or of another one than
	// the content.
	Foreign Reason = "foreign"
	// Oversize: the file is larger than any state file.
	Oversize Reason = "oversize"
	// NotRegular: the path is a symbolic link, FIFO or the like.
	NotRegular Reason = "not_regular"
	// Unreadable: the file, or a root, may not be read.
	Unreadable Reason = "unreadable"
	// TooMany: more files or roots than are looked at.
	TooMany Reason = "too_many"
	// NoRootContainer: a sandbox of which only other containers have a state
	// file.
	NoRootContainer Reason = "no_root_container"
)
