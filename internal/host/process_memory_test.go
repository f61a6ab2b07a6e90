package host

import (
	"os"
	"testing"
)

func TestParseProcessMemory(t *testing.T) {
	page := uint64(os.Getpagesize())
	for text, want := range map[string]*ProcessMemory{
		"5210 1830 1402 4 0 386 0\n": {Size: 5210 * page, Resident: 1830 * page, Shared: 1402 * page},
		"5210 1830 0\n":              {Size: 5210 * page, Resident: 1830 * page},
		"5210 1830 1831 4 0 386 0\n": {Size: 5210 * page, Resident: 1830 * page, Shared: 1830 * page},
		"5210 1830\n":                nil,
		"5210\n":                     nil,
		"":                           nil,
		"5210 1830 x":                nil,
		"18446744073709551615 1 1":   nil,
	} {
		got, err := parseProcessMemory([]byte(text))
		if (err == nil) != (want != nil) || want != nil && got != *want {
			t.Errorf("%q: got %+v, %v; want %+v", text, got, err, want)
		}
	}
}
