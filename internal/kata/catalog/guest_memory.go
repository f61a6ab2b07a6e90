package catalog

import (
	"slices"
	"strings"
)

// guestMemory holds the fields of /proc/meminfo. The agent converts the kB of
// the kernel to bytes. Fields that an operator is unlikely to need keep the name
// that the agent gives them.
var guestMemory = slices.Concat(
	[]item{
		{name: "mem_total", metric: memory("limit", "Total memory of {}."), inDefault: true},
		{name: "mem_free", metric: memory("free", "Unused memory of {}."), inDefault: true},
		{name: "mem_available", metric: memory("available", "Estimated memory of {} available without swapping."), inDefault: true},
		{name: "buffers", metric: memory("buffers", "Memory of {} used for block device buffers."), inDefault: true},
		{name: "cached", metric: memory("cached", "Memory of {} used for the page cache."), inDefault: true},
		{name: "swap_total", metric: metric{"swap.limit", "By", upDown, "Total swap space of {}."}, inDefault: true},
		{name: "swap_free", metric: metric{"swap.free", "By", upDown, "Unused swap space of {}."}, inDefault: true},
		{name: "shmem", metric: memory("shared", "Shared memory of {}, including tmpfs.")},
		{name: "k_reclaimable", metric: memory("kernel_reclaimable", "Kernel memory of {} that can be reclaimed under pressure.")},
	},
	slab, hugepages, memoryZones, vmalloc,
	memoryFields(`active active_anon active_file anon_hugepages anon_pages bounce
		direct_map_1G direct_map_2M direct_map_4M direct_map_4k dirty hardware_corrupted hugetlb
		inactive inactive_anon inactive_file kernel_stack mapped mlocked mmap_copy nfs_unstable page_tables per_cpu
		quicklists shmem_hugepages shmem_pmd_mapped swap_cached unevictable writeback writeback_tmp`),
)

func memory(name, description string) metric {
	return metric{"memory." + name, "By", upDown, description}
}

var slab = []item{
	{name: "slab", metric: omitted("the sum of kata.guest.memory.slab.usage")},
	{name: "s_reclaimable", metric: slabUsage, attributes: "system.memory.linux.slab.state=reclaimable"},
	{name: "s_unreclaim", metric: slabUsage, attributes: "system.memory.linux.slab.state=unreclaimable"},
}

var slabUsage = memory("slab.usage", "Memory of {} used by the slab caches of its kernel, by state.")

var hugepages = []item{
	{name: "hugepages_total", metric: hugepageCount("limit", "Total number of huge pages of {}.")},
	{name: "hugepages_free", metric: hugepageCount("free", "Number of unused huge pages of {}.")},
	{name: "hugepages_rsvd", metric: hugepageCount("reserved", "Number of reserved huge pages of {}.")},
	{name: "hugepages_surp", metric: hugepageCount("surplus", "Number of surplus huge pages of {}.")},
	{name: "hugepagesize", metric: memory("hugepages.page_size", "Default size of the huge pages of {}.")},
}

func hugepageCount(name, description string) metric {
	return metric{"memory.hugepages." + name, "{page}", upDown, description}
}

// memoryZones holds the fields that come in pairs of a limit and what is free or
// used of it.
var memoryZones = []item{
	{name: "cma_total", metric: memory("cma.limit", "Total memory of {} for contiguous allocations.")},
	{name: "cma_free", metric: memory("cma.free", "Unused memory of {} for contiguous allocations.")},
	{name: "high_total", metric: memory("high.limit", "Total high memory of {}.")},
	{name: "high_free", metric: memory("high.free", "Unused high memory of {}.")},
	{name: "low_total", metric: memory("low.limit", "Total low memory of {}.")},
	{name: "low_free", metric: memory("low.free", "Unused low memory of {}.")},
	{name: "commit_limit", metric: memory("commit.limit", "Maximum memory that processes of {} can allocate.")},
	{name: "committed_as", metric: memory("commit.usage", "Memory allocated by processes of {}, whether used or not.")},
}

// vmalloc holds the fields of the virtual address space of vmalloc. Its size and
// largest free block depend on the architecture, so adding them up is
// meaningless.
var vmalloc = []item{
	{name: "vmalloc_total", metric: metric{
		"memory.vmalloc.limit", "By", gauge, "Size of the vmalloc address space of {}.",
	}},
	{name: "vmalloc_chunk", metric: metric{
		"memory.vmalloc.chunk", "By", gauge, "Largest free block of the vmalloc address space of {}.",
	}},
	{name: "vmalloc_used", metric: memory("vmalloc.usage", "Used part of the vmalloc address space of {}.")},
}

// memoryFields returns items for fields that keep their name.
func memoryFields(names string) []item {
	var items []item
	for name := range strings.FieldsSeq(names) {
		items = append(items, item{
			name:   name,
			metric: memory(strings.ToLower(name), "Field "+name+" in /proc/meminfo of {}."),
		})
	}
	return items
}
