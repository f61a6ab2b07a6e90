// Package collect pulls sandboxes and hands what they yield to the pipeline.
// It knows sandboxes only through the interfaces of package sandbox.
//
//	watchers ──added, gone──► scheduler ──due──► pulls ──reading──► workers ──batch──► pipeline
//	                              ▲                 │                  │
//	                              └────finished─────┘◄─────refused─────┘
//
// One goroutine, the scheduler, decides when each sandbox is pulled: each has
// a slot in the interval, so that the load is spread evenly, and is pulled once
// at once when it is found. Sandboxes of a slot that answered the last time are
// visited in rounds: all are asked, then the answers are taken that have come.
// All others, and those that keep a round waiting, have a goroutine each while
// their pull is in flight. The number of pulls in flight is bounded, and
// sandboxes that have not proved themselves can take only a part of it. A
// sandbox is one value with one owner at a time: the scheduler, or its visit.
//
// Verified readings go to one of a few workers, always the same for one
// sandbox, so that its points stay in order. A worker owns its batch and hands
// it over when it is full, or soon after the slot's first reading. While the
// pipeline blocks, pulls wait for their worker, no further ones begin, and slots
// that were missed are counted and not made up for.
package collect
