package sandbox

// SkipReason is an entry of the closed list of reasons for which a path is not
// collected as a sandbox, or a sandbox is not contacted. Each runtime has a list, and
// reports no other reasons to [Observer] and in [Status]. docs/why-not-collected.md
// is generated from the lists. Texts are plain text with code in backticks and no
// other markup.
type SkipReason struct {
	// Name is the value of the attribute reason of a skipped path, or of the
	// attribute sandbox.skip_reason of a sandbox.
	Name string
	// Runtime is the runtime that the reason belongs to; empty for all runtimes.
	// Lists of runtimes leave it empty.
	Runtime string
	// States are the states of a sandbox that is not contacted for this reason.
	// There are none if the reason is about a path.
	States []State
	// Cause is what has happened, and Remedy what to do.
	Cause, Remedy string
	// See is the heading of a section of README.md with details, empty if there is
	// none.
	See string
}

// IsAboutPath reports whether the reason is about a path, which is not collected as a
// sandbox. Otherwise, it is about a sandbox, which is not contacted.
func (r *SkipReason) IsAboutPath() bool { return len(r.States) == 0 }
