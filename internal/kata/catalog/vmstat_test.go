package catalog

import (
	"strings"
	"testing"
)

// vmStatKeys lists keys of /proc/vmstat by their classification.
var vmStatKeys = map[vmStat]string{
	vmStatLevel: `nr_free_pages nr_dirty nr_dirty_threshold nr_unstable nr_writeback nr_mlock nr_zspages
		nr_future_thing workingset_nodes`,
	vmStatSize: "nr_kernel_stack",
	// pgp is not a key of the kernel. Its first two letters make it one of pages.
	vmStatPages: `nr_dirtied nr_written nr_throttled_written nr_vmscan_write nr_vmscan_immediate_reclaim
		nr_foll_pin_acquired nr_foll_pin_released workingset_refault_anon workingset_nodereclaim pgalloc_normal
		pgfree pgsteal_kswapd pgscan_direct pgactivate pswpin unevictable_pgs_culled slabs_scanned pgp`,
	vmStatFaults:    "pgfault pgmajfault numa_hint_faults numa_hint_faults_local",
	vmStatTransfers: "pgpgin pgpgout",
	vmStatEvents: `nr_tlb_remote_flush numa_hit thp_fault_alloc compact_stall allocstall_normal drop_slab swap_ra
		swap_ra_hit zswpin balloon_inflate direct_map_level2_splits oom_kill kswapd_low_wmark_hit_quickly
		pgscan_direct_throttle`,
	vmStatUnknown: "x nr workingset allocstall oom_killer nr-x \xff",
}

func TestClassifyVMStat(t *testing.T) {
	for want, keys := range vmStatKeys {
		for key := range strings.FieldsSeq(keys) {
			if got := classifyVMStat([]byte(key)); got != want {
				t.Errorf("classifyVMStat(%q) returned %d, want %d", key, got, want)
			}
		}
	}
}
