package host

import "time"

// ticksPerSecond is the unit of times in /proc/<pid>/stat: USER_HZ, which is
// 100 on every architecture Go supports on Linux.
const ticksPerSecond = 100

// Ticks converts clock ticks, the unit of [Processes.ProcessStart].
func Ticks(n uint64) time.Duration { return time.Duration(n) * (time.Second / ticksPerSecond) }
