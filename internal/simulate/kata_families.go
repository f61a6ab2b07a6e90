package simulate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// kataFamily is one family of a shim's text.
type kataFamily struct {
	name, kind, help string
	series           []kataSeries
}

// kataSeries is one line of a family: what comes before the number, and how
// the number moves.
type kataSeries struct {
	// suffix and labels are the rest of the line, for example _bucket and
	// action="create",le="8".
	suffix, labels string
	motion         motion
	// hundredths: the number is a hundredth of the motion.
	hundredths bool
}

// Items are written as name, motion and number: "+" grows by about that much
// per second, "~" wanders around it, "=" stays. Sizes are in bytes.
const (
	procStatItems   = "cstime=0 cutime=0 stime+3 utime+11"
	procStatusItems = "hugetlbpages=0 nonvoluntary_ctxt_switches+2 rssanon~64000000 rssfile~18575360 rssshmem=0 vmdata~85553152" +
		" vmexe=12595200 vmhwm=94772608 vmlck=0 vmlib=8192 vmpeak=1385291776 vmpin=0 vmpmd=0 vmpte~163840 vmrss~82772608" +
		" vmsize~1385291776 vmstk=135168 vmswap=0 voluntary_ctxt_switches+40"
	goIOItems    = "cancelledwritebytes=0 rchar+3000 readbytes+800 syscr+12 syscw+9 wchar+2500 writebytes+700"
	rustIOItems  = "cancelled_write_bytes=0 rchar+3000 read_bytes+800 syscr+12 syscw+9 wchar+2500 write_bytes+700"
	netItems     = "recv_bytes+90000 recv_compressed=0 recv_drop+1 recv_errs=0 recv_fifo=0 recv_frame=0 recv_multicast+1 recv_packets+120 sent_bytes+70000 sent_carrier=0 sent_colls=0 sent_compressed=0 sent_drop=0 sent_errs=0 sent_fifo=0 sent_packets+110"
	diskItems    = "discards=0 discards_merged=0 flushes+1 in_progress~8 merged+1 reads+6 sectors_discarded=0 sectors_read+90 sectors_written+400 time_discarding=0 time_flushing+1 time_in_progress+20 time_reading+9 time_writing+30 weighted_time_in_progress+40 writes+12 writes_merged+5"
	cpuItems     = "guest=0 guest_nice=0 idle+1500 iowait+10 irq=0 nice+1 softirq+4 steal+1 system+120 user+300"
	tasksItems   = "cur~3 max~290"
	meminfoItems = "active~2065502208 active_anon~2281472 active_file~2063220736 anon_hugepages=0 anon_pages~705302528 bounce=0 buffers~94453760" +
		" cached~4627963904 cma_free=0 cma_total=0 commit_limit=12638253056 committed_as~3624701952 direct_map_1G=25769803776" +
		" direct_map_2M=2118123520 direct_map_4M=0 direct_map_4k=29360128 dirty~35135488 hardware_corrupted=0 high_free=0 high_total=0" +
		" hugepages_free=0 hugepages_rsvd=0 hugepages_surp=0 hugepages_total=0 hugepagesize=2097152 hugetlb=0 inactive~3347681280" +
		" inactive_anon~699965440 inactive_file~2647715840 k_reclaimable~507838464 kernel_stack~4816896 low_free=0 low_total=0" +
		" mapped~301441024 mem_available~24026525696 mem_free~19140767744 mem_total=25276510208 mlocked~13656064 mmap_copy=0" +
		" nfs_unstable=0 page_tables~7397376 per_cpu=974848 quicklists=0 s_reclaimable~507838464 s_unreclaim~57266176 shmem~11526144" +
		" shmem_hugepages=0 shmem_pmd_mapped=0 slab~565104640 swap_cached=0 swap_free=0 swap_total=0 unevictable~14749696" +
		" vmalloc_chunk=0 vmalloc_total=35184372087808 vmalloc_used~18067456 writeback=0 writeback_tmp=0"
	filesystemItems = "available~249487183872 total=270553174016 used~21065990144"
	inodeItems      = "available~16205520 total=16777216 used~571696"
	vcpuItems       = "exit_io_in+80 exit_io_out+900 exit_mmio_read+20 exit_mmio_write+210 failures=0 filter_cpuid=0"
	// vmStatItems are keys of /proc/vmstat; see [vmStatSpec] for how they move.
	vmStatItems = "allocstall_device allocstall_dma allocstall_dma32 allocstall_movable allocstall_normal balloon_deflate balloon_inflate balloon_migrate compact_daemon_free_scanned compact_daemon_migrate_scanned compact_daemon_wake compact_fail compact_free_scanned compact_isolated compact_migrate_scanned compact_stall compact_success cow_ksm direct_map_level2_collapses direct_map_level2_splits direct_map_level3_collapses direct_map_level3_splits drop_pagecache drop_slab htlb_buddy_alloc_fail htlb_buddy_alloc_success ksm_swpin_copy kswapd_high_wmark_hit_quickly kswapd_inodesteal kswapd_low_wmark_hit_quickly nr_active_anon nr_active_file nr_anon_pages nr_anon_transparent_hugepages nr_balloon_pages nr_dirtied nr_dirty nr_dirty_background_threshold nr_dirty_threshold nr_file_hugepages nr_file_pages nr_file_pmdmapped nr_foll_pin_acquired nr_foll_pin_released nr_free_cma nr_free_pages nr_free_pages_blocks nr_hugetlb nr_inactive_anon nr_inactive_file nr_iommu_pages nr_isolated_anon nr_isolated_file nr_kernel_file_pages nr_kernel_misc_reclaimable nr_kernel_stack nr_mapped nr_memmap_boot_pages nr_memmap_pages nr_mlock nr_page_table_pages nr_sec_page_table_pages nr_shmem nr_shmem_hugepages nr_shmem_pmdmapped nr_slab_reclaimable nr_slab_unreclaimable nr_swapcached nr_throttled_written nr_unevictable nr_unstable nr_vmscan_immediate_reclaim nr_vmscan_write nr_writeback nr_written nr_zone_active_anon nr_zone_active_file nr_zone_inactive_anon nr_zone_inactive_file nr_zone_unevictable nr_zone_write_pending nr_zspages numa_foreign numa_hint_faults numa_hint_faults_local numa_hit numa_huge_pte_updates numa_interleave numa_local numa_miss numa_other numa_pages_migrated numa_pte_updates oom_kill pageoutrun pgactivate pgalloc_device pgalloc_dma pgalloc_dma32 pgalloc_movable pgalloc_normal pgdeactivate pgdemote_direct pgdemote_khugepaged pgdemote_kswapd pgdemote_proactive pgfault pgfree pginodesteal pglazyfree pglazyfreed pgmajfault pgmigrate_fail pgmigrate_success pgpgin pgpgout pgpromote_candidate pgpromote_candidate_nrl pgpromote_success pgrefill pgreuse pgrotated pgscan_anon pgscan_direct pgscan_direct_throttle pgscan_file pgscan_khugepaged pgscan_kswapd pgscan_proactive pgskip_device pgskip_dma pgskip_dma32 pgskip_movable pgskip_normal pgsteal_anon pgsteal_direct pgsteal_file pgsteal_khugepaged pgsteal_kswapd pgsteal_proactive pswpin pswpout slabs_scanned swap_ra swap_ra_hit swpin_zero swpout_zero thp_collapse_alloc thp_collapse_alloc_failed thp_deferred_split_page thp_fault_alloc thp_fault_fallback thp_fault_fallback_charge thp_file_alloc thp_file_fallback thp_file_fallback_charge thp_file_mapped thp_migration_fail thp_migration_split thp_migration_success thp_scan_exceed_none_pte thp_scan_exceed_share_pte thp_scan_exceed_swap_pte thp_split_page thp_split_page_failed thp_split_pmd thp_split_pud thp_swpout thp_swpout_fallback thp_underused_split_page thp_zero_page_alloc thp_zero_page_alloc_failed unevictable_pgs_cleared unevictable_pgs_culled unevictable_pgs_mlocked unevictable_pgs_munlocked unevictable_pgs_rescued unevictable_pgs_scanned unevictable_pgs_stranded workingset_activate_anon workingset_activate_file workingset_nodereclaim workingset_nodes workingset_refault_anon workingset_refault_file workingset_restore_anon workingset_restore_file zone_reclaim_failed zone_reclaim_success zswpin zswpout zswpwb"
)

var (
	shimActions  = []string{"connect", "create", "pids", "start", "state", "stats", "wait"}
	agentActions = []string{
		"grpc.CheckRequest", "grpc.CreateContainerRequest", "grpc.CreateSandboxRequest", "grpc.GetMetricsRequest", "grpc.GuestDetailsRequest",
		"grpc.OnlineCPUMemRequest", "grpc.StartContainerRequest", "grpc.StatsContainerRequest", "grpc.UpdateInterfaceRequest", "grpc.UpdateRoutesRequest",
	}
	// disks and interfaces: only the first of each, and lo, ever do anything.
	disks           = []string{"vda", "loop0", "loop1", "loop2", "loop3", "loop4", "loop5", "loop6", "loop7", "zram0"}
	hostInterfaces  = []string{"eth0", "ip6tnl0", "lo", "tap0_kata"}
	guestInterfaces = []string{"eth0", "ifb0", "ifb1", "lo"}
)

// itemSpec takes a list of items apart. Sizes, which stay or wander, are
// divided, so that they can be in KiB.
func itemSpec(spec string, divisor uint64) (names []string, motions []motion) {
	for word := range strings.FieldsSeq(spec) {
		at := strings.IndexAny(word, "=+~")
		level, err := strconv.ParseUint(word[max(at, 0)+1:], 10, 64)
		if at < 0 || err != nil {
			panic(fmt.Sprintf("simulate: item %q", word))
		}
		m := motion{a: level}
		switch word[at] {
		case '+':
			m.kind = growing
		case '~':
			m.kind, m.a = wandering, level/divisor
		default:
			m.a = level / divisor
		}
		names, motions = append(names, word[:at]), append(motions, m)
	}
	return names, motions
}

// itemSeries makes one series per item. labels is what comes before and after
// the label item, which is sorted among the others by name.
func itemSeries(spec string, divisor uint64, before, after string) []kataSeries {
	names, motions := itemSpec(spec, divisor)
	var series []kataSeries
	for i, name := range names {
		series = append(series, kataSeries{labels: before + `item="` + name + `"` + after, motion: motions[i]})
	}
	return series
}

func items(name, help, spec string) kataFamily {
	return kataFamily{name, "gauge", help, itemSeries(spec, 1, "", "")}
}

// kibibytes is [items] with sizes in KiB.
func kibibytes(name, help, spec string) kataFamily {
	return kataFamily{name, "gauge", help, itemSeries(spec, 1024, "", "")}
}

// each makes the items once for each value of another label. Those that do
// nothing stay at zero.
func each(name, help, label string, values []string, spec string, idle func(string) bool) kataFamily {
	family := kataFamily{name, "gauge", help, nil}
	for _, value := range values {
		series := itemSeries(spec, 1, label+`="`+value+`",`, "")
		for i := range series {
			if idle(value) {
				series[i].motion = motion{}
			}
		}
		family.series = append(family.series, series...)
	}
	return family
}

func never(string) bool { return false }

func idleInterface(name string) bool { return strings.HasPrefix(name, "i") }

func idleDisk(name string) bool { return name != disks[0] }

func single(name, kind, help string, m motion) kataFamily {
	return kataFamily{name, kind, help, []kataSeries{{motion: m}}}
}

// durations is a histogram of durations by action, with the bounds of both
// shims' RPC histograms.
func durations(name, help string, actions []string) kataFamily {
	family := kataFamily{name, "histogram", help, nil}
	bounds := []string{"1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "+Inf"}
	shares := []uint64{10, 20, 40, 52, 58, 61, 63, 64, 64, 64, 64}
	for i, action := range actions {
		calls := motion{kind: growing, a: 1, same: 1<<32 + uint64(i)}
		add := func(suffix, labels string, share uint64) {
			m := calls
			m.share = share
			family.series = append(family.series, kataSeries{suffix: suffix, labels: labels, motion: m})
		}
		label := `action="` + action + `"`
		for k, bound := range bounds {
			add("_bucket", label+`,le="`+bound+`"`, shares[k])
		}
		add("_sum", label, 5*64)
		add("_count", label, 64)
	}
	return family
}

// processFamilies are those that the Go runtime tells about one process.
func processFamilies(prefix, what string) []kataFamily {
	return []kataFamily{
		single(prefix+"fds", "gauge", "Files that "+what+" has open.", motion{kind: wandering, a: 16}),
		items(prefix+"io_stat", "Input and output of "+what+".", goIOItems),
		items(prefix+"proc_stat", "CPU time of "+what+".", procStatItems),
		items(prefix+"proc_status", "Memory and context switches of "+what+".", procStatusItems),
		single(prefix+"threads", "gauge", "Threads of "+what+".", motion{kind: wandering, a: 9}),
	}
}

// goHostFamilies are the kata_ families that a shim of the Go runtime measures
// itself, in the order in which it sends them.
func goHostFamilies() []kataFamily {
	families := slices.Concat(
		processFamilies("kata_hypervisor_", "the hypervisor"),
		processFamilies("kata_shim_", "the shim"),
		processFamilies("kata_virtiofsd_", "virtiofsd"),
		[]kataFamily{
			each("kata_hypervisor_netdev", "Network devices around the hypervisor.", "interface", hostInterfaces, netItems, idleInterface),
			durations("kata_shim_agent_rpc_durations_histogram_milliseconds", "How long calls of the agent take.", agentActions),
			durations("kata_shim_rpc_durations_histogram_milliseconds", "How long calls of the shim take.", shimActions),
			{"kata_shim_pod_overhead_cpu", "gauge", "CPU use of the pod outside its guest, in percent.", []kataSeries{{motion: motion{kind: wandering, a: 250}, hundredths: true}}},
			single("kata_shim_pod_overhead_memory_in_bytes", "gauge", "Memory of the pod outside its guest, in bytes.", motion{kind: wandering, a: 171966464}),
		},
	)
	slices.SortFunc(families, func(a, b kataFamily) int { return strings.Compare(a.name, b.name) })
	return families
}

// rustHostFamilies are the families that a shim of runtime-rs measures itself:
// first those of Dragonball, if that is the hypervisor, then those of the shim.
func rustHostFamilies(dragonball bool) []kataFamily {
	var families []kataFamily
	if dragonball {
		families = []kataFamily{
			single("kata_hypervisor_scrape_count", "counter", "How often the hypervisor was asked.", motion{kind: growing, a: 1}),
			items("kata_hypervisor_seccomp", "System calls that seccomp has refused.", "num_faults=0"),
			items("kata_hypervisor_signals", "Signals that the hypervisor has received.", "sigbus=0 sigsegv=0"),
			each("kata_hypervisor_vcpu", "Exits of the virtual CPUs.", "cpu_id", []string{"0", "1"}, vcpuItems, never),
		}
	}
	const what = "the shim"
	return append(families,
		single("kata_shim_fds", "gauge", "Files that "+what+" has open.", motion{kind: wandering, a: 16}),
		items("kata_shim_io_stat", "Input and output of "+what+".", rustIOItems),
		items("kata_shim_proc_stat", "CPU time of "+what+".", procStatItems),
		kibibytes("kata_shim_proc_status", "Memory and context switches of "+what+".", withoutPMD(procStatusItems)),
		single("kata_shim_threads", "gauge", "Threads of "+what+".", motion{kind: wandering, a: 9}),
	)
}

// withoutPMD leaves out the one item that only the Go runtime knows.
func withoutPMD(spec string) string { return strings.Replace(spec, " vmpmd=0", "", 1) }

// guestFamilies are what the agent in the guest tells, sorted by name.
func guestFamilies() []kataFamily {
	return []kataFamily{
		items("kata_agent_io_stat", "Input and output of the agent.", rustIOItems),
		items("kata_agent_proc_stat", "CPU time of the agent.", procStatItems),
		kibibytes("kata_agent_proc_status", "Memory and context switches of the agent.", withoutPMD(procStatusItems)),
		single("kata_agent_scrape_count", "counter", "How often the agent was asked.", motion{kind: growing, a: 1}),
		single("kata_agent_threads", "gauge", "Threads of the agent", motion{kind: wandering, a: 9}),
		single("kata_agent_total_rss", "gauge", "Resident memory of the agent", motion{kind: wandering, a: 29097984}),
		single("kata_agent_total_time", "gauge", "CPU time of the agent", motion{kind: growing, a: 1}),
		single("kata_agent_total_vm", "gauge", "Virtual memory of the agent", motion{kind: constant, a: 1318961152}),
		each("kata_guest_cpu_time", "CPU time in the guest.", "cpu", []string{"0", "1", "total"}, cpuItems, never),
		each("kata_guest_diskstat", "Disks in the guest.", "disk", disks, diskItems, idleDisk),
		{"kata_guest_filesystem_bytes", "gauge", "Space of file systems in the guest.", itemSeries(filesystemItems, 1, `device="vda",`, `,mount="/"`)},
		{"kata_guest_filesystem_inodes", "gauge", "Inodes of file systems in the guest.", itemSeries(inodeItems, 1, `device="vda",`, `,mount="/"`)},
		{"kata_guest_load", "gauge", "Load of the guest.", []kataSeries{
			{labels: `item="load1"`, motion: motion{kind: wandering, a: 120}, hundredths: true},
			{labels: `item="load15"`, motion: motion{kind: wandering, a: 90}, hundredths: true},
			{labels: `item="load5"`, motion: motion{kind: wandering, a: 100}, hundredths: true},
		}},
		items("kata_guest_meminfo", "Memory of the guest.", meminfoItems),
		each("kata_guest_netdev_stat", "Network devices in the guest.", "interface", guestInterfaces, netItems, idleInterface),
		items("kata_guest_tasks", "Tasks in the guest.", tasksItems),
		items("kata_guest_vm_stat", "Virtual memory of the guest.", vmStatSpec()),
	}
}

// vmStatSpec gives each key of /proc/vmstat its motion: levels wander, counts
// of pages grow, the rest has not happened yet.
func vmStatSpec() string {
	var spec strings.Builder
	for name := range strings.FieldsSeq(vmStatItems) {
		move := "=0"
		switch {
		case strings.HasPrefix(name, "nr_dirtied"), strings.HasPrefix(name, "nr_written"), strings.HasPrefix(name, "pgalloc"),
			strings.HasPrefix(name, "pgf"), strings.HasPrefix(name, "pgpg"), strings.HasPrefix(name, "pgscan_file"), strings.HasPrefix(name, "numa_hit"):
			move = "+400"
		case strings.HasPrefix(name, "nr_"), name == "workingset_nodes":
			move = "~52000"
		}
		spec.WriteString(name + move + " ")
	}
	return spec.String()
}

// kataTexts are the parts that shims put their answers together from.
type kataTexts struct {
	goHost, goGuest          kataText
	rustGuest                kataText
	rustHost, dragonballHost kataText
}

var theKataTexts = sync.OnceValue(func() *kataTexts {
	return &kataTexts{
		goHost:         prepareText(goHostFamilies(), goNumber),
		goGuest:        prepareText(guestFamilies(), goNumber),
		rustGuest:      prepareText(guestFamilies(), rustNumber),
		rustHost:       prepareText(rustHostFamilies(false), rustNumber),
		dragonballHost: prepareText(rustHostFamilies(true), rustNumber),
	}
})
