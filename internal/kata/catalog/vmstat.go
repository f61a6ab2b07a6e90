package catalog

import "bytes"

// vmStatFamily holds /proc/vmstat of the guest. It has close to 200 keys, which
// differ between kernels, so the catalog cannot list them all. The keys that
// operators need most have their own rows in guestVMStat. For any other key,
// vmStatRules determine what it counts.
const vmStatFamily = "kata_guest_vm_stat"

var guestVMStat = []item{
	{
		name:       "pgmajfault",
		metric:     metric{"paging.faults", "{fault}", counter, "Number of page faults of {}, by type."},
		attributes: "system.paging.fault.type=major", inDefault: true,
	},
	{name: "pswpin", metric: pagingOperations, attributes: "system.paging.direction=in", inDefault: true},
	{name: "pswpout", metric: pagingOperations, attributes: "system.paging.direction=out", inDefault: true},
	{
		name: "oom_kill",
		metric: metric{
			"memory.oom_kills", "{kill}", counter, "Number of processes killed by the kernel of {} because memory ran out.",
		},
		inDefault: true,
	},
}

var pagingOperations = metric{
	"paging.operations", "{operation}", counter, "Number of pages swapped in and out by {}.",
}

// vmStatKinds holds the rows for all other keys. The key is an attribute of
// their points. The indexes are the vmStat constants.
var vmStatKinds = [...]item{
	vmStatLevel: {metric: metric{
		"vmstat.pages", "{page}", gauge, "Number of pages of {}, by /proc/vmstat key.",
	}},
	vmStatSize: {metric: metric{
		"vmstat.size", "By", gauge, "Memory of {}, by /proc/vmstat key.",
	}, scale: kibi},
	vmStatPages: {metric: metric{
		"vmstat.page_operations", "{page}", counter, "Number of page operations of {}, by /proc/vmstat key.",
	}},
	vmStatFaults: {metric: metric{
		"vmstat.faults", "{fault}", counter, "Number of faults of {}, by /proc/vmstat key.",
	}},
	vmStatTransfers: {metric: metric{
		"vmstat.io", "By", counter, "Bytes paged in and out by {}, by /proc/vmstat key.",
	}, scale: kibi},
	vmStatEvents: {metric: metric{
		"vmstat.events", "{event}", counter, "Number of memory management events of {}, by /proc/vmstat key.",
	}},
	vmStatUnknown: {metric: metric{
		"vmstat.other", "{value}", gauge, "Values of {} with an unknown /proc/vmstat key.",
	}},
}

// vmStat classifies a key of /proc/vmstat by what it counts.
type vmStat int

const (
	vmStatLevel     vmStat = iota // pages currently in a state
	vmStatSize                    // KiB currently in a state
	vmStatPages                   // pages, since boot
	vmStatFaults                  // faults, since boot
	vmStatTransfers               // KiB, since boot
	vmStatEvents                  // events, since boot
	vmStatUnknown
)

// vmStatRules are applied in order. The first rule whose prefix the key has
// applies. A prefix that ends in a period must match the whole key.
var vmStatRules = []struct {
	prefix string
	kind   vmStat
}{
	{"nr_kernel_stack.", vmStatSize},
	{"nr_dirtied.", vmStatPages},
	{"nr_written.", vmStatPages},
	{"nr_throttled_written.", vmStatPages},
	{"nr_vmscan_write.", vmStatPages},
	{"nr_vmscan_immediate_reclaim.", vmStatPages},
	{"nr_foll_pin_", vmStatPages},
	{"nr_tlb_", vmStatEvents},
	{"nr_", vmStatLevel},
	{"workingset_nodes.", vmStatLevel},
	{"workingset_", vmStatPages},
	{"pgpgin.", vmStatTransfers},
	{"pgpgout.", vmStatTransfers},
	{"pgfault.", vmStatFaults},
	{"pgmajfault.", vmStatFaults},
	{"pgscan_direct_throttle.", vmStatEvents},
	{"pg", vmStatPages},
	{"pswp", vmStatPages},
	{"unevictable_pgs_", vmStatPages},
	{"slabs_scanned.", vmStatPages},
	{"pageoutrun.", vmStatEvents},
	{"kswapd_inodesteal.", vmStatPages},
	{"numa_hint_faults", vmStatFaults},
	{"numa_pages_migrated.", vmStatPages},
	{"allocstall_", vmStatEvents},
	{"balloon_", vmStatEvents},
	{"compact_", vmStatEvents},
	{"cow_ksm.", vmStatEvents},
	{"direct_map_", vmStatEvents},
	{"drop_", vmStatEvents},
	{"htlb_", vmStatEvents},
	{"ksm_", vmStatEvents},
	{"kswapd_", vmStatEvents},
	{"numa_", vmStatEvents},
	{"oom_kill.", vmStatEvents},
	{"swap_ra", vmStatEvents},
	{"swpin_", vmStatEvents},
	{"swpout_", vmStatEvents},
	{"thp_", vmStatEvents},
	{"vma_lock_", vmStatEvents},
	{"zone_reclaim_", vmStatEvents},
	{"zsw", vmStatEvents},
}

// classifyVMStat returns what a key of /proc/vmstat counts. Keys of levels begin
// with nr_, but not every key with that prefix is a level.
func classifyVMStat(key []byte) vmStat {
	for i := range vmStatRules {
		prefix := vmStatRules[i].prefix
		if whole := len(prefix) - 1; prefix[whole] == '.' {
			if string(key) == prefix[:whole] {
				return vmStatRules[i].kind
			}
		} else if bytes.HasPrefix(key, []byte(prefix)) {
			return vmStatRules[i].kind
		}
	}
	return vmStatUnknown
}
