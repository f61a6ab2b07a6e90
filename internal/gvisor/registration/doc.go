// Package registration reads which metrics a gVisor sandbox has: their names,
// types, label values and bucket bounds. runsc writes this registration into
// the state file before the workload starts (sandbox.registeredMetrics), so
// snapshots from a sandbox can be verified against it; a sandbox also tells its
// registration itself (Metrics.GetRegisteredMetrics).
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
// nanoseconds; what is zero, false or empty is left out. A distribution with n
// bounds has n+1 buckets: below the first bound, between each two, and from the
// last one on. Stages are not used here.
//
// # Rules
//
// gVisor's own verifier (pkg/prometheus) refuses a registration that breaks one
// of [RuleNoName], [RuleReservedName], [RuleName], [RuleDuplicateMetric],
// [RuleDuplicateField], [RuleNoValues], [RuleDuplicateValue], [RuleBuckets] and
// [RuleType]. The other rules keep names apart that would meet in the output,
// or bound what a registration may cost; see each [Rule].
//
// # Numbers of series
//
// Every combination of label values of every metric has a number, counted
// through all metrics in the order of their paths. What is remembered about a
// series needs this number and no text.
//
// # Sharing
//
// All sandboxes of one build and set of flags have the same registration of
// some 180 metrics and 50 KB, except that each lists the metrics in an order of
// its own. A [Cache] gives all of them the same [Registration].
package registration
