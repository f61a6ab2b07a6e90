package host

import (
	"bytes"
	"math"
)

// forEachNumber calls visit for each line that consists of a name and an
// unsigned integer, as the kernel writes them in /proc and in cgroups:
//
//	VmRSS:	    1756 kB
//	read_bytes: 4096
//	usage_usec 1834
//
// The name is passed without its colon. Text after the number is ignored, and
// so is every other line.
func forEachNumber(data []byte, visit func(name []byte, value uint64)) {
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		end := bytes.IndexAny(line, ": \t")
		if end <= 0 {
			continue
		}
		value, ok := parseNumber(bytes.TrimLeft(line[end:], ": \t"))
		if ok {
			visit(line[:end], value)
		}
	}
}

// parseNumber parses the decimal number at the start of text, which must be
// followed by white space or nothing.
func parseNumber(text []byte) (uint64, bool) {
	var value uint64
	for i, c := range text {
		if c == ' ' || c == '\t' || c == '\n' {
			return value, i > 0
		}
		digit := uint64(c - '0')
		if c < '0' || c > '9' || value > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		value = value*10 + digit
	}
	return value, len(text) > 0
}
