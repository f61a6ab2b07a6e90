// Package exposition splits a Prometheus text exposition (format 0.0.4) into
// lines, in one pass over a small sliding window:
//
//	# HELP kata_shim_threads Kata containerd shim v2 process threads.
//	# TYPE kata_shim_threads gauge
//	kata_shim_threads 9
//	kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} 5.69635724e+08
//
// The text comes from a shim, and most of it from the guest behind the shim, so
// every byte may be hostile. The parsers of Prometheus are not designed for
// that: textparse needs the whole text in memory, expfmt builds an unbounded
// tree of it and panics on the line "{}", and both reject the whole text because
// of one bad line. A [Scanner] needs the same small amount of memory for any
// text, reports a bad line and continues with the next, and returns what it read
// before the text broke off. It accepts the same samples as expfmt; a fuzz test
// compares the two.
//
// Quoted metric and label names (`{"name"} 1`) exist for names with characters
// outside of [a-zA-Z0-9_:]. They are reported as [ErrQuoted], because no shim
// writes them.
package exposition
