// Package collect schedules and pulls sandboxes and passes the readings to a
// sink. It uses sandboxes, runtimes and the sink only through the interfaces of
// package sandbox.
//
//	watchers ──added, gone──► scheduler ──due──► pullers ──deliveries──► sink
//	                              ▲                 │                      │
//	                              └────finished─────┘◄────────lost─────────┘
//
// One goroutine, the scheduler, decides when each sandbox is pulled. A new
// sandbox is pulled immediately and then once per interval, in a slot that it
// keeps, so that the load is spread evenly. Sandboxes of one slot whose last
// pull succeeded are pulled as a group: a request is sent to each, then the
// responses are read as they arrive. All others, and those that keep a group
// waiting, get a goroutine each while their pull is in flight. The number of
// pulls in flight is bounded, and sandboxes whose last pull did not succeed can
// use only part of that limit. A target, that is one scheduled sandbox, has one
// owner at a time: the scheduler or its puller.
//
// All deliveries of one sandbox go to the same lane of the sink, so its points
// stay in order. While the sink blocks, pullers wait for it and no further pulls
// start; slots that were missed are counted and not made up for.
package collect
