package gvisor

import "sync/atomic"

// filterUse records whether the configured filter selects any metric of any
// sandbox. It is safe for concurrent use.
type filterUse struct {
	useful, useless, reported atomic.Bool
}

// record records whether the filter selects any metric of one sandbox.
func (u *filterUse) record(selectsAny bool) {
	if selectsAny {
		u.useful.Store(true)
	} else {
		u.useless.Store(true)
	}
}

// isUseless reports, once, that the filter selects no metric of any sandbox, if at
// least one is known.
func (u *filterUse) isUseless() bool {
	return u.useless.Load() && !u.useful.Load() && u.reported.CompareAndSwap(false, true)
}
