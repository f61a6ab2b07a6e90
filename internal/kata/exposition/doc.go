// Package exposition splits a Prometheus text exposition (format 0.0.4) into
// its lines, in one pass over a small sliding window:
//
//	# HELP kata_shim_threads Kata containerd shim v2 process threads.
//	# TYPE kata_shim_threads gauge
//	kata_shim_threads 9
//	kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} 5.69635724e+08
//
// The text comes from a shim, and most of it from the guest behind it, so every
// byte may be hostile. The parsers of Prometheus are not made for that:
// textparse wants the whole text in memory, expfmt builds a tree of it without
// bounds and panics for the line "{}", and both refuse all of a text for one bad
// line. A [Scanner] needs the same small memory for any text, reports a bad line
// as such and goes on with the next, and gives out what came before the text
// broke off. What it accepts as a sample is what expfmt accepts; a fuzz test
// compares the two.
//
// Metric and label names in quotation marks (`{"name"} 1`), which exist for
// names outside of [a-zA-Z0-9_:], are reported as [ErrQuoted]: no honest shim
// writes them.
package exposition
