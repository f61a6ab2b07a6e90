// Package collect pulls sandboxes and hands what they yield to the pipeline.
// It knows sandboxes only through the interfaces of package sandbox.
//
//	watchers ──added, gone──► scheduler ──due──► pulls ──reading──► workers ──batch──► pipeline
//	                              ▲                 │                  │
//	                              └────finished─────┘◄─────refused─────┘
//
// One goroutine, the scheduler, decides when each sandbox is pulled: each has
// its own phase in the interval, so that the load is spread evenly, and is
// pulled once at once when it is found. A pull runs in a goroutine that exists
// only while the pull is in flight; their number is bounded, and sandboxes that
// have not proved themselves can take only a part of it. A sandbox is one value
// with one owner at a time: the scheduler, or its pull.
//
// Verified readings go to one of a few workers, always the same for one
// sandbox, so that its points stay in order. A worker owns its batch and hands
// it over when it is full or a second old. While the pipeline blocks, pulls wait
// for their worker, no further ones begin, and slots that were missed are
// counted and not made up for.
package collect
