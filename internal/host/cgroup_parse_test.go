package host

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cgroupFiles are all files of both versions.
func cgroupFiles() []cgroupFile {
	return slices.Concat(filesV2, limitsV2, accountingFilesV1, cpuFilesV1, cpuLimitsV1, memoryFilesV1, memoryLimitsV1, diskFilesV1)
}

// parseCgroupFile parses a file of a cgroup whose memory usage and CPU quota are
// known.
func parseCgroupFile(t testing.TB, name, content string) (CgroupUsage, bool) {
	t.Helper()
	for _, file := range cgroupFiles() {
		if file.name == name {
			usage := CgroupUsage{Known: FigureMemory, Memory: 100, quota: 7}
			if name == "memory.current" || name == "memory.usage_in_bytes" {
				usage.Known = 0
			}
			valid := file.parse(&usage, []byte(content))
			return usage, valid
		}
	}
	require.Fail(t, "unknown file", name)
	return CgroupUsage{}, false
}

// malformedCgroupFiles are contents that are invalid as a whole.
var malformedCgroupFiles = map[string][]string{
	"cpu.stat": {
		"usage_usec x\n", "usage_usec -1\n",
		"usage_usec 1 2\n", "throttled_usec 18446744073709551616\n", "user_usec \n",
	},
	"cpu.max": {
		"", "max", "max x\n", "5 0\n", "0 5\n",
		"-1 5\n", "5\n", "5 6 7\n", "MAX 5\n", "18446744073709551616 5\n",
	},
	"memory.current": {
		"", "\n", "max\n", "-1\n", "1 \n",
		" 1\n", "1\n2\n3 x", "0x1\n", "1.5\n", "18446744073709551616\n",
	},
	"memory.stat":   {"inactive_file x\n", "inactive_file -1\n", "inactive_file 1 1\n"},
	"memory.peak":   {"", "max\n", "many\n"},
	"memory.max":    {"", "-1\n", "maximum\n", "max \n"},
	"memory.events": {"oom_kill x\n", "oom_kill \n"},
	"pids.current":  {"", "max\n", "-3\n"},
	"pids.max":      {"", "-1\n"},
	"io.stat": {
		"8:0 rbytes=x\n", "8:0 rbytes=\n",
		"8:0 wios=-1\n", "8:0 rios=18446744073709551615\n8:1 rios=1\n",
	},
	"cpu.pressure": {
		"", "some\n", "some total=\n",
		"some total=-1\n", "some total=18446744073709551615\n", "full total=1\n",
	},
	"cpuacct.usage":                        {"", "-1\n", "many\n", "9223372036854775808\n"},
	"cpuacct.stat":                         {"", "user 1\n", "system 1\n", "user x\nsystem 1\n", "user 1844674407370955161\nsystem 1\n"},
	"cpu.cfs_quota_us":                     {"", "-2\n", "max\n", "x\n"},
	"cpu.cfs_period_us":                    {"", "0\n", "-1\n", "max\n"},
	"memory.usage_in_bytes":                {"", "-3\n"},
	"memory.oom_control":                   {"oom_kill -1\n"},
	"memory.limit_in_bytes":                {"", "-1\n"},
	"blkio.throttle.io_serviced_recursive": {"8:0 Read x\n", "8:0 Write\n", "8:0 Read 18446744073709551615\n8:1 Read 1\n"},
}

func TestMalformedCgroupFiles(t *testing.T) {
	for name, contents := range malformedCgroupFiles {
		for _, content := range contents {
			before := FigureMemory
			if name == "memory.current" || name == "memory.usage_in_bytes" {
				before = 0
			}
			usage, valid := parseCgroupFile(t, name, content)
			assert.False(t, valid, "%s: %q", name, content)
			assert.Equal(t, before, usage.Known, "%s: %q", name, content)
		}
	}
}

// Lines and files that a kernel may lack are not errors.
func TestCgroupFilesWithoutFigures(t *testing.T) {
	for name, contents := range map[string][]string{
		"cpu.stat":      {"", "nr_periods 0\n", "usage_usec 1\n", "usage_usecs x\n"},
		"memory.stat":   {"", "inactive_files x\n", "total_inactive_file x\n"},
		"memory.events": {"", "low 0\n", "oom_kill_disable x\n", "oom_group_kill 3\n"},
		"memory.max":    {"max\n", "max", "9223372036854771712\n"},
		"pids.max":      {"max\n"},
		"cpu.max":       {"max 100000\n"},
	} {
		for _, content := range contents {
			usage, valid := parseCgroupFile(t, name, content)
			assert.True(t, valid, "%s: %q", name, content)
			assert.Equal(t, FigureMemory, usage.Known, "%s: %q", name, content)
		}
	}
}

// Without a limit, the quota is -1, and the period must not be used with the quota
// of a parent.
func TestQuotaV1(t *testing.T) {
	var usage CgroupUsage
	for _, content := range []string{"50000\n", "-1\n"} {
		require.True(t, parseQuotaV1(&usage, []byte(content)))
		require.True(t, parsePeriodV1(&usage, []byte("100000\n")))
	}
	assert.Equal(t, CgroupUsage{Known: FigureCPULimit, CPULimit: 0.5}, usage)
	require.False(t, parseQuotaV1(&usage, []byte("garbage\n")))
	require.True(t, parsePeriodV1(&usage, []byte("1\n")))
	assert.InDelta(t, 0.5, usage.CPULimit, 0)
}

func FuzzCgroupFiles(f *testing.F) {
	for i, file := range cgroupFiles() {
		for _, content := range malformedCgroupFiles[file.name] {
			f.Add(uint8(i), []byte(content)) //nolint:gosec // few files
		}
	}
	f.Add(uint8(0), []byte("usage_usec 3\nuser_usec 2\nsystem_usec 1\nthrottled_usec 4\n"))
	f.Fuzz(func(t *testing.T, i uint8, data []byte) {
		files := cgroupFiles()
		file := files[int(i)%len(files)]
		usage := CgroupUsage{Known: FigureMemory, Memory: 100}
		valid := file.parse(&usage, data)
		if added := usage.Known &^ FigureMemory &^ file.figures; added != 0 {
			t.Errorf("%s adds the figures %b", file.name, added)
		}
		if !valid && usage.Known&^FigureMemory != 0 {
			t.Errorf("%s is invalid, but adds the figures %b", file.name, usage.Known)
		}
		if usage.WorkingSet > usage.Memory || usage.CPU < 0 || usage.User < 0 || usage.System < 0 || usage.Throttled < 0 ||
			usage.CPULimit < 0 || usage.CPUPressure.Some < 0 || usage.CPUPressure.Full < 0 {
			t.Errorf("%s: impossible value: %+v", file.name, usage)
		}
	})
}
