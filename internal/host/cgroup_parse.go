package host

import (
	"bytes"
	"math"
	"time"
)

// maxMemoryLimit is above any real memory limit: without a limit, version 1
// reports the largest number of whole pages, 9223372036854771712.
const maxMemoryLimit = 1 << 62

// Each function parses one file of a cgroup. A line that a kernel lacks makes a
// figure unknown; a line that cannot be parsed makes the whole file invalid.

// lineNumber returns the number in the line "name number", and 0 if there is no such
// line. It is invalid if the line has another form.
func lineNumber(data []byte, name string) (value uint64, found, valid bool) {
	for rest := data; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		if len(line) > len(name) && line[len(name)] == ' ' && string(line[:len(name)]) == name {
			value, valid = wholeNumber(line[len(name)+1:])
			return value, true, valid
		}
	}
	return 0, false, true
}

// wholeNumber parses text that consists of a number and nothing else.
func wholeNumber(text []byte) (uint64, bool) {
	if bytes.IndexByte(text, ' ') >= 0 {
		return 0, false
	}
	return parseNumber(text)
}

// duration converts a count of a unit. It fails if the result is too large.
func duration(count uint64, unit time.Duration) (time.Duration, bool) {
	if count > uint64(math.MaxInt64/unit) {
		return 0, false
	}
	return time.Duration(count) * unit, true
}

// lineDuration is [lineNumber] for a duration.
func lineDuration(data []byte, name string, unit time.Duration) (value time.Duration, found, valid bool) {
	count, found, valid := lineNumber(data, name)
	value, fits := duration(count, unit)
	return value, found, valid && fits
}

// singleNumber parses a file that consists of a number. A file that consists of
// "max" instead has no number, but is valid.
func singleNumber(data []byte) (value uint64, found, valid bool) {
	data = bytes.TrimSuffix(data, []byte("\n"))
	if string(data) == "max" {
		return 0, false, true
	}
	value, valid = wholeNumber(data)
	return value, valid, valid
}

// setNumber stores the content of a file that consists of a number.
func (u *CgroupUsage) setNumber(figure Figures, target *uint64, data []byte) bool {
	value, found, valid := singleNumber(data)
	if found && valid {
		*target = value
		u.Known |= figure
	}
	return found && valid
}

// memory.current, memory.usage_in_bytes
func parseMemory(u *CgroupUsage, data []byte) bool { return u.setNumber(FigureMemory, &u.Memory, data) }

// memory.peak, memory.max_usage_in_bytes
func parseMemoryPeak(u *CgroupUsage, data []byte) bool {
	return u.setNumber(FigureMemoryPeak, &u.MemoryPeak, data)
}

// pids.current
func parseProcesses(u *CgroupUsage, data []byte) bool {
	return u.setNumber(FigureProcesses, &u.Processes, data)
}

// memory.max, memory.limit_in_bytes: a number of bytes or, without a limit, "max"
// or 9223372036854771712.
func parseMemoryLimit(u *CgroupUsage, data []byte) bool {
	value, found, valid := singleNumber(data)
	if valid && found && value < maxMemoryLimit {
		u.limitTo(FigureMemoryLimit, &u.MemoryLimit, value)
	}
	return valid
}

// pids.max: a number or "max".
func parseProcessLimit(u *CgroupUsage, data []byte) bool {
	value, found, valid := singleNumber(data)
	if valid && found {
		u.limitTo(FigureProcessLimit, &u.ProcessLimit, value)
	}
	return valid
}

// parseOOMKills parses memory.events, memory.oom_control:
//
//	low 0
//	oom 4
//	oom_kill 3
func parseOOMKills(u *CgroupUsage, data []byte) bool {
	value, found, valid := lineNumber(data, "oom_kill")
	if found && valid {
		u.OOMKills = value
		u.Known |= FigureOOMKills
	}
	return valid
}

// setWorkingSet subtracts the page cache that was not used recently from the
// memory usage, which has been read before. Both change in between, so the
// difference could be negative.
func (u *CgroupUsage) setWorkingSet(data []byte, line string) bool {
	inactive, found, valid := lineNumber(data, line)
	if found && valid && u.Known.Has(FigureMemory) {
		u.WorkingSet = u.Memory - min(inactive, u.Memory)
		u.Known |= FigureWorkingSet
	}
	return valid
}
