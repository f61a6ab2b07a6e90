package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestForEachNumber(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  map[string]uint64
	}{
		{"empty", "", map[string]uint64{}},
		{"status", "Name:\tqemu\nVmRSS:\t    1756 kB\nThreads:\t3\n", map[string]uint64{"VmRSS": 1756, "Threads": 3}},
		{"io", "rchar: 0\nread_bytes: 4096\n", map[string]uint64{"rchar": 0, "read_bytes": 4096}},
		{"cgroup", "usage_usec 1834\nnr_periods 2", map[string]uint64{"usage_usec": 1834, "nr_periods": 2}},
		{"largest", "a 18446744073709551615\n", map[string]uint64{"a": 1<<64 - 1}},
		{"one number too large", "a 18446744073709551616\nb 1\n", map[string]uint64{"b": 1}},
		{"more digits than any uint64", "a 99999999999999999999999\n", map[string]uint64{}},
		{"negative", "a -1\n", map[string]uint64{}},
		{"fraction", "a 1.5\n", map[string]uint64{}},
		{"no value", "a\nb:\nc \n", map[string]uint64{}},
		{"no name", ": 1\n 2\n", map[string]uint64{}},
		{"word", "memory.max max\n", map[string]uint64{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]uint64{}
			forEachNumber([]byte(test.input), func(name []byte, value uint64) { got[string(name)] = value })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzForEachNumber(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		forEachNumber(data, func(name []byte, _ uint64) {
			if len(name) == 0 {
				t.Error("visited a number without a name")
			}
		})
	})
}
