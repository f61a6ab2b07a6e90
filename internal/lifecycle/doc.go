// Package lifecycle turns transitions of sandboxes into events, within limits.
//
//	collect ──Event──► Recorder: limits ──► Sink (log records)
//	                                   └──► Sink (the Collector's own log)
//
// An event is a transition, such as that a sandbox stopped responding; a state that
// lasts causes no further events. The limits of a [Recorder] ensure that sandboxes that
// change all the time cannot flood the sinks, and cannot use up what others need.
package lifecycle
