package option

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"
)

// ByteSize is a number of bytes. As text it is an integer with a unit, for
// example 4MiB, or without one.
type ByteSize int64

var (
	_ encoding.TextUnmarshaler = (*ByteSize)(nil)
	_ encoding.TextMarshaler   = ByteSize(0)
)

// byteUnits are sorted from large to small, so that the first that divides a size
// gives its shortest form. The empty unit matches everything.
var byteUnits = []struct {
	name string
	size int64
}{
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"GB", 1e9},
	{"MB", 1e6},
	{"KB", 1e3},
	{"B", 1},
	{"", 1},
}

// UnmarshalText parses 4MiB, 500KB or 65536.
func (s *ByteSize) UnmarshalText(text []byte) error {
	for _, unit := range byteUnits {
		digits, found := strings.CutSuffix(string(text), unit.name)
		if !found {
			continue
		}
		number, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || number < 0 || number > (1<<62)/unit.size {
			break
		}
		*s = ByteSize(number * unit.size)
		return nil
	}
	return fmt.Errorf("invalid size %q: use an integer with an optional unit, for example 4MiB or 65536", text)
}

// MarshalText is the inverse of UnmarshalText.
func (s ByteSize) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the shortest exact form with a binary unit.
func (s ByteSize) String() string {
	for _, unit := range byteUnits[:3] {
		if s != 0 && int64(s)%unit.size == 0 {
			return strconv.FormatInt(int64(s)/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
