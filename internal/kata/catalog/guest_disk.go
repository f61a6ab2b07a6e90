package catalog

// guestDisk holds the columns of /proc/diskstats.
var guestDisk = []item{
	{name: "reads", metric: diskOperations, attributes: "disk.io.direction=read"},
	{name: "writes", metric: diskOperations, attributes: "disk.io.direction=write"},
	{name: "merged", metric: diskMerged, attributes: "disk.io.direction=read"},
	{name: "writes_merged", metric: diskMerged, attributes: "disk.io.direction=write"},
	{name: "sectors_read", metric: guestDiskIO, scale: sector, attributes: "disk.io.direction=read"},
	{name: "sectors_written", metric: guestDiskIO, scale: sector, attributes: "disk.io.direction=write"},
	{name: "time_reading", metric: diskOperationTime, scale: milli, attributes: "disk.io.direction=read"},
	{name: "time_writing", metric: diskOperationTime, scale: milli, attributes: "disk.io.direction=write"},
	{name: "in_progress", metric: metric{
		"disk.operation.pending", "{operation}", upDown, "Number of pending operations on disks of {}.",
	}},
	{name: "time_in_progress", metric: metric{
		"disk.io_time", "s", counter, "Time during which disks of {} had operations in progress.",
	}, scale: milli},
	{name: "weighted_time_in_progress", metric: metric{
		"disk.weighted_io_time", "s", counter,
		"Time during which disks of {} had operations in progress, weighted by the number of operations in progress.",
	}, scale: milli},
	{name: "discards", metric: metric{
		"disk.discard.operations", "{operation}", counter, "Number of discard operations on disks of {}.",
	}},
	{name: "discards_merged", metric: metric{
		"disk.discard.merged", "{operation}", counter, "Number of discard operations merged into others on disks of {}.",
	}},
	{name: "sectors_discarded", metric: metric{
		"disk.discarded", "By", counter, "Bytes discarded on disks of {}.",
	}, scale: sector},
	{name: "time_discarding", metric: metric{
		"disk.discard.operation_time", "s", counter, "Time spent in discard operations on disks of {}.",
	}, scale: milli},
	{name: "flushes", metric: metric{
		"disk.flush.operations", "{operation}", counter, "Number of flush operations on disks of {}.",
	}},
	{name: "time_flushing", metric: metric{
		"disk.flush.operation_time", "s", counter, "Time spent in flush operations on disks of {}.",
	}, scale: milli},
}

var (
	guestDiskIO    = metric{"disk.io", "By", counter, "Bytes read from and written to disks of {}."}
	diskOperations = metric{
		"disk.operations", "{operation}", counter, "Number of read and write operations on disks of {}.",
	}
	diskMerged = metric{
		"disk.merged", "{operation}", counter, "Number of read and write operations merged into others on disks of {}.",
	}
	diskOperationTime = metric{
		"disk.operation_time", "s", counter, "Time spent in read and write operations on disks of {}.",
	}
)

// guestFilesystemBytes holds fields of statfs(2). Used and available add up to
// the total.
var guestFilesystemBytes = []item{
	{name: "used", metric: filesystemUsage, attributes: "system.filesystem.state=used", inDefault: true},
	{name: "available", metric: filesystemUsage, attributes: "system.filesystem.state=free", inDefault: true},
	{name: "total", metric: metric{"filesystem.limit", "By", upDown, "Capacity of file systems of {}."}},
}

var guestFilesystemInodes = []item{
	{name: "used", metric: inodeUsage, attributes: "system.filesystem.state=used"},
	{name: "available", metric: inodeUsage, attributes: "system.filesystem.state=free"},
	{name: "total", metric: metric{
		"filesystem.inode.limit", "{inode}", upDown, "Number of inodes that file systems of {} can hold.",
	}},
}

var (
	filesystemUsage = metric{"filesystem.usage", "By", upDown, "Space of file systems of {}, by state."}
	inodeUsage      = metric{"filesystem.inode.usage", "{inode}", upDown, "Number of inodes of file systems of {}, by state."}
)
