// Package snapshot reads the answer of a gVisor sandbox to Metrics.Export and
// verifies it against the sandbox's registration and its earlier snapshots, in
// one pass over the bytes.
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
// Counters that are zero and histograms without samples are left out, gauges
// never; the order is random. Buckets are not cumulative; the first one is
// below the first bound, the last one has no upper bound.
//
// # Rules
//
// A sandbox may be compromised, so its answer is either right in everything or
// refused as a whole. The rules are those of gVisor's own verifier
// (pkg/prometheus, and pkg/sentry/control for the filter), and some that it
// does not need or forgot; see each [Rule]. The project's conformance tests
// compare both: what is taken here is taken there.
//
// Keys may come in any order. Unknown keys are passed over, so that a later
// release may add some, unless they differ from a known one only in case:
// gVisor's decoder would take those for the known key. A key that is there
// twice is refused.
//
// # Numbers
//
// gVisor counts in uint64 and sends int64, so 2⁶³ and above arrive as negative
// integers. A gauge is delivered as the int64 that arrived, because a level
// below zero, from counting down once too often, is by far more likely than
// such a high one. A counter below zero is refused, as it is by gVisor's own
// verifier: counters begin at zero and never decrease. The numbers of a
// histogram are samples, so total, minimum and maximum must be integers.
//
// The last bound of a histogram is +Inf, which JSON cannot express; whatever
// stands in its place is passed over.
package snapshot
