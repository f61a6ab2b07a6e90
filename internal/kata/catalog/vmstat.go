package catalog

import "bytes"

// The guest's /proc/vmstat has close to 200 keys, and other ones with every
// kernel, so that there is no closed list of them. The keys that operators ask
// for have rows of their own; any other key is told by a rule what it counts.

var guestVMStat = []item{
	{"pgmajfault", metric{"paging.faults", "{fault}", counter, "Page faults of {} that had to read from storage."}, 0, "system.paging.fault.type=major", usual, 0},
	{"pswpin", pagesSwapped, 0, "system.paging.direction=in", usual, 0},
	{"pswpout", pagesSwapped, 0, "system.paging.direction=out", usual, 0},
	{"oom_kill", metric{"oom.kills", "{kill}", counter, "Processes that the kernel of {} killed for want of memory."}, 0, "", usual, 0},
}

var pagesSwapped = metric{"paging.swapped", "{page}", counter, "Pages that {} swapped in and out."}

// vmStatKinds are the rows for all other keys, which become an attribute.
// Their order is that of the vmStat constants.
var vmStatKinds = [...]item{
	vmStatLevel:     {"", metric{"vmstat.pages", "{page}", gauge, "Pages of {} by state, from /proc/vmstat."}, 0, "", full, 0},
	vmStatSize:      {"", metric{"vmstat.size", "By", gauge, "Memory of {} by state, from /proc/vmstat."}, kibi, "", full, 0},
	vmStatPages:     {"", metric{"vmstat.page_operations", "{page}", counter, "Pages of {} that something was done with, from /proc/vmstat."}, 0, "", full, 0},
	vmStatFaults:    {"", metric{"vmstat.faults", "{fault}", counter, "Faults of {}, from /proc/vmstat."}, 0, "", full, 0},
	vmStatTransfers: {"", metric{"vmstat.transfers", "By", counter, "Bytes that {} paged in and out, from /proc/vmstat."}, kibi, "", full, 0},
	vmStatEvents:    {"", metric{"vmstat.events", "{event}", counter, "Events of the memory management of {}, from /proc/vmstat."}, 0, "", full, 0},
	vmStatUnknown:   {"", metric{"vmstat.other", "{value}", gauge, "Values of /proc/vmstat of {} that are not known."}, 0, "", full, 0},
}

// vmStat is what a key of /proc/vmstat stands for.
type vmStat int

const (
	vmStatLevel vmStat = iota
	vmStatSize
	vmStatPages
	vmStatFaults
	vmStatTransfers
	vmStatEvents
	vmStatUnknown
)

// vmStatRules are applied in order; the first whose prefix the key has wins. A
// prefix that ends in a full stop has to be the whole key.
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

// classifyVMStat tells what a key of /proc/vmstat stands for. The levels among
// the keys begin with nr_, but not all that begins so is a level.
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
