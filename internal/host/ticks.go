package host

import "time"

// ticksPerSecond is USER_HZ, the unit of times in /proc/<pid>/stat. It is 100 on
// every architecture that Go supports on Linux.
const ticksPerSecond = 100

// Ticks converts clock ticks, the unit of [Processes.ProcessStart], to a
// duration.
func Ticks(n uint64) time.Duration { return time.Duration(n) * (time.Second / ticksPerSecond) }
