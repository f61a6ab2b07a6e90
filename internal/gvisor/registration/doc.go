// Package registration parses the registration of metrics of a gVisor sandbox:
// their names, types, label values and bucket bounds. runsc writes the
// registration to the state file before the workload starts
// (sandbox.registeredMetrics), so snapshots of a sandbox can be verified against
// it. A sandbox also returns its registration on request
// (Metrics.GetRegisteredMetrics).
//
//	{"metrics":[
//	  {"name":"/fs/opens","prometheus_name":"fs_opens",
//	   "description":"Number of file opens.","cumulative":true},
//	  {"name":"/fs/read_wait","prometheus_name":"fs_read_wait",
//	   "description":"Time waiting on file reads.","cumulative":true,"units":1},
//	  {"name":"/weirdness","prometheus_name":"weirdness","description":"…",
//	   "cumulative":true,"sync":true,
//	   "fields":[{"field_name":"kind","allowed_values":["one","other"]}]},
//	  {"name":"/gofer/latency","prometheus_name":"gofer_latency","type":1,
//	   "distribution_bucket_lower_bounds":[0,1000,1000000]}],
//	 "stages":["restore","task_start"]}
//
// type is 0 for an integer and 1 for a distribution, units 0 for none and 1 for
// nanoseconds; values that are zero, false or empty are omitted. A distribution
// with n bounds has n+1 buckets: below the first bound, between consecutive bounds,
// and from the last one on. Stages are not used here.
//
// # Rules
//
// gVisor's own verifier (pkg/prometheus) rejects a registration that violates
// one of [RuleNoName], [RuleReservedName], [RuleName], [RuleDuplicateMetric],
// [RuleDuplicateField], [RuleNoValues], [RuleDuplicateValue], [RuleBuckets] and
// [RuleType]. The other rules prevent collisions of names in the output, or
// limit the cost of a registration; see each [Rule].
//
// # Series numbers
//
// Every combination of label values of every metric is a series with a number.
// Series are numbered consecutively across all metrics, in the order of their
// paths. The
// state that is kept per series contains this number instead of text.
//
// # Sharing
//
// All sandboxes of the same build with the same flags have the same registration
// of some 180 metrics and 50 KB, except that each one lists the metrics in a
// different order. A [Cache] returns the same [Registration] for all of them.
package registration
