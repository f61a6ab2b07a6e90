// Package snapshot decodes the response of a gVisor sandbox to Metrics.Export
// and verifies it against the sandbox's registration and its earlier snapshots,
// in one pass over the bytes.
//
//	{"success":true,"err":"","result":{"snapshot":{
//	  "when":"2026-11-20T10:19:38.00278976Z",
//	  "data":[
//	    {"metric":{"name":"fs_opens","type":2,"help":"Number of file opens."},
//	     "val":{"int":7}},
//	    {"metric":{"name":"weirdness","type":2,"help":"…"},
//	     "labels":{"weirdness_type":"time_fallback"},"val":{"int":1}},
//	    {"metric":{"name":"netstack_tcp_current_open","type":1,"help":"…"},
//	     "val":{}},
//	    {"metric":{"name":"gofer_latency","type":3,"help":"…"},
//	     "histogram":{"total":{"int":9},"min":{"int":2},"max":{"int":7},
//	       "ssd":{"float":12.5},
//	       "buckets":[{"le":{}},{"le":{"int":5},"n":1},{"le":null,"n":1}]}}]}}}
//
// Types are 1 for gauges, 2 for counters and 3 for histograms; {} is zero.
// Counters at zero and histograms without samples are omitted, gauges never
// are. The order of entries is random. Buckets are not cumulative; the first
// one is below the first bound, the last one has no upper bound.
//
// # Rules
//
// A sandbox may be compromised, so its response is either correct in every
// respect or rejected as a whole. The rules are those of gVisor's own verifier
// (pkg/prometheus, and pkg/sentry/control for the filter), plus some that it
// does not need or lacks; see [Rule]. The project's conformance tests compare
// the two verifiers: gVisor's accepts every snapshot that this one accepts.
//
// Keys may come in any order. Unknown keys are skipped, so that a later release
// may add some, unless they differ from a known key only in case: gVisor's
// decoder would accept those as the known key. A key that occurs twice is
// rejected.
//
// # Numbers
//
// gVisor counts in uint64 and sends int64, so values from 2⁶³ on arrive as
// negative integers. A gauge is emitted as the int64 that arrived, because a
// level below zero, caused by one decrement too many, is far more likely than so
// high a level. A counter below zero is rejected, as by gVisor's own verifier:
// counters start at zero and never decrease. The samples of a histogram are
// integers, so its total, minimum and maximum must be integers, too.
//
// The last bound of a histogram is +Inf, which JSON cannot express; whatever is
// in its place is skipped.
package snapshot
