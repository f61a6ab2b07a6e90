package host

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const allFigures = FigureIOPressure<<1 - 1

// readCgroup reads all figures of a cgroup.
func readCgroup(t *testing.T, groups Cgroups, path string) (CgroupUsage, error) {
	t.Helper()
	reader, err := groups.Layout().Reader(path)
	require.NoError(t, err)
	var usage CgroupUsage
	err = reader.Read(allFigures, &usage)
	usage.Device, usage.Inode = 0, 0
	return usage, err
}

// withFiles returns files with changes. A file with the content "-" is removed.
func withFiles(files, changes map[string]string) map[string]string {
	files = maps.Clone(files)
	for name, content := range changes {
		if files[name] = content; content == "-" {
			delete(files, name)
		}
	}
	return files
}

// wholeUsage is the content of readerFilesV1 and readerFilesV2.
var wholeUsage = CgroupUsage{
	Known: allFigures,
	CPU:   3 * time.Millisecond, User: 2 * time.Millisecond, System: time.Millisecond,
	Throttled: 7 * time.Microsecond, CPULimit: 0.5,
	Memory: 4096, WorkingSet: 3072, MemoryPeak: 5000, MemoryLimit: 7000, OOMKills: 3,
	Processes: 6, ProcessLimit: 10,
	ReadBytes: 111, WrittenBytes: 222, ReadOperations: 4, WriteOperations: 6,
	CPUPressure:    Pressure{Some: 10 * time.Microsecond},
	MemoryPressure: Pressure{Some: 20 * time.Microsecond, Full: 15 * time.Microsecond, HasFull: true},
	IOPressure:     Pressure{Some: 30 * time.Microsecond, Full: 25 * time.Microsecond, HasFull: true},
}

func TestCgroupReader(t *testing.T) {
	usage, err := readCgroup(t, writeCgroups(t, readerFilesV2), "kubepods-burstable-pod1.slice:cri:1")
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(wholeUsage, usage, cmp.AllowUnexported(CgroupUsage{})))

	// The CPU time of version 1 has ticks of 10 ms.
	want := wholeUsage
	want.User, want.System = 20*time.Millisecond, 10*time.Millisecond
	usage, err = readCgroup(t, writeCgroups(t, readerFilesV1), "/kubepods/burstable/pod1")
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(want, usage, cmp.AllowUnexported(CgroupUsage{})))
}

// Figures that are not wanted must not be read: a reading without them works even if
// their files are malformed.
func TestOnlyWantedFiguresAreRead(t *testing.T) {
	for figure, file := range map[Figures]string{
		FigureCPU: "cpu.stat", FigureThrottled: "cpu.stat", FigureCPULimit: "cpu.max", FigureMemory: "memory.current",
		FigureMemoryPeak: "memory.peak", FigureMemoryLimit: "memory.max", FigureOOMKills: "memory.events",
		FigureProcesses: "pids.current", FigureProcessLimit: "pids.max", FigureDiskBytes: "io.stat", FigureDiskOperations: "io.stat",
		FigureCPUPressure: "cpu.pressure", FigureMemoryPressure: "memory.pressure", FigureIOPressure: "io.pressure",
	} {
		t.Run(file, func(t *testing.T) {
			files := maps.Clone(readerFilesV2)
			for name := range files {
				if base := filepath.Base(name); base != file && base != "cgroup.controllers" {
					files[name] = "garbage\n"
				}
			}
			reader, err := writeCgroups(t, files).Layout().Reader(burstable + "cri-1.scope")
			require.NoError(t, err)
			var usage CgroupUsage
			require.NoError(t, reader.Read(figure, &usage))
			assert.Equal(t, figure, usage.Known)
			require.ErrorIs(t, reader.Read(allFigures, &usage), errInvalidNumber)
		})
	}
}

// cgroupLimitTests are limits, in files of version 2.
var cgroupLimitTests = map[string]struct {
	files  map[string]string
	cpu    float64
	memory uint64
}{
	"none":             {map[string]string{"pod/c/cpu.max": "max 100000\n", "pod/c/memory.max": "max\n"}, 0, 0},
	"of the cgroup":    {map[string]string{"pod/c/cpu.max": "150000 100000\n", "pod/c/memory.max": "5\n"}, 1.5, 5},
	"of its parent":    {map[string]string{"pod/cpu.max": "20000 100000\n", "pod/memory.max": "5\n"}, 0.2, 5},
	"stricter parent":  {map[string]string{"pod/cpu.max": "20000 100000\n", "pod/c/cpu.max": "50000 100000\n"}, 0.2, 0},
	"looser parent":    {map[string]string{"pod/memory.max": "8\n", "pod/c/memory.max": "7\n"}, 0, 7},
	"no memory at all": {map[string]string{"pod/c/memory.max": "0\n"}, 0, 0},
	// The root of a container is not the root of the host.
	"of the root":       {map[string]string{"memory.max": "6\n", "cpu.max": "300000 100000\n", "pod/c/memory.max": "7\n"}, 3, 6},
	"of a cgroup below": {map[string]string{"pod/c/d/memory.max": "6\n"}, 0, 0},
	"other periods":     {map[string]string{"pod/cpu.max": "10000 10000\n", "pod/c/cpu.max": "90000 100000\n"}, 0.9, 0},
}

func TestCgroupLimits(t *testing.T) {
	for name, test := range cgroupLimitTests {
		t.Run(name, func(t *testing.T) {
			files := withFiles(test.files, map[string]string{"cgroup.controllers": "", "pod/c/memory.current": "1\n"})
			usage, err := readCgroup(t, writeCgroups(t, files), "/pod/c")
			require.NoError(t, err)
			assert.InDelta(t, test.cpu, usage.CPULimit, 1e-9)
			assert.Equal(t, test.cpu > 0, usage.Known.Has(FigureCPULimit))
			assert.Equal(t, test.memory, usage.MemoryLimit)
			assert.Equal(t, test.memory > 0 || name == "no memory at all", usage.Known.Has(FigureMemoryLimit))
		})
	}
}

func TestCgroupWithoutFiles(t *testing.T) {
	files := map[string]string{"cgroup.controllers": "", "pod/cgroup.procs": ""}
	usage, err := readCgroup(t, writeCgroups(t, files), "/pod")
	require.NoError(t, err)
	assert.Equal(t, CgroupUsage{}, usage)

	// Version 1 with a single controller.
	usage, err = readCgroup(t, writeCgroups(t, map[string]string{"pids/pod/pids.current": "3\n", "memory/x": ""}), "/pod")
	require.NoError(t, err)
	assert.Equal(t, CgroupUsage{Known: FigureProcesses, Processes: 3}, usage)
}

// The working set must not wrap around if inactive_file is larger than the usage.
func TestWorkingSetIsNotNegative(t *testing.T) {
	files := withFiles(readerFilesV2, map[string]string{burstable + "cri-1.scope/memory.stat": "inactive_file 4097\n"})
	usage, err := readCgroup(t, writeCgroups(t, files), burstable+"cri-1.scope")
	require.NoError(t, err)
	assert.True(t, usage.Known.Has(FigureWorkingSet))
	assert.Zero(t, usage.WorkingSet)
}

func TestCgroupPaths(t *testing.T) {
	groups := writeCgroups(t, withFiles(readerFilesV2, map[string]string{"a/b/memory.current": "1\n"}))
	require.NoError(t, os.Symlink("a", filepath.Join(groups.Root, "link")))
	require.NoError(t, os.Symlink("/etc", filepath.Join(groups.Root, "outside")))
	for path, want := range map[string]error{
		"": ErrCgroupPath, "/": ErrCgroupPath, ".": ErrCgroupPath, "//": ErrCgroupPath, "..": ErrCgroupPath, "/..": ErrCgroupPath,
		"a/../..": ErrCgroupPath, "/a/../a/b": ErrCgroupPath, "/a/b/..": ErrCgroupPath, strings.Repeat("a/", 40): ErrCgroupPath,
		strings.Repeat("a", 5000): ErrCgroupPath,
		"/missing":                fs.ErrNotExist, "/a/b/memory.current": fs.ErrNotExist,
		"/link/b": fs.ErrNotExist, "/link": fs.ErrNotExist,
		"/outside": fs.ErrNotExist, "a" + strings.Repeat("-a", 50) + ".slice:b:c": fs.ErrNotExist, "a\x00": fs.ErrNotExist,
		"/a/b": nil, "a/b": nil, "/a/./b/": nil,
	} {
		reader, err := groups.Layout().Reader(path)
		require.ErrorIs(t, err, want, "%.50q", path)
		if err == nil {
			assert.Equal(t, "a/b", reader.Directory())
		}
	}
}

// What is planted in a cgroup must neither be followed nor block.
func TestCgroupPlantedFiles(t *testing.T) {
	for _, exact := range []bool{true, false} {
		noOpenat2.Store(!exact)
		groups := writeCgroups(t, map[string]string{"cgroup.controllers": "", "a/b/memory.current": "1\n", "pids.current": "5\n"})
		group := filepath.Join(groups.Root, "a/b")
		require.NoError(t, os.Symlink("../../pids.current", filepath.Join(group, "pids.current")))
		require.NoError(t, unix.Mkfifo(filepath.Join(group, "memory.peak"), 0o600))
		require.NoError(t, os.Mkdir(filepath.Join(group, "io.stat"), 0o700))
		usage, err := readCgroup(t, groups, "/a/b")
		require.Error(t, err)
		assert.Equal(t, CgroupUsage{Known: FigureMemory, Memory: 1}, usage)

		// The directory is replaced by a symbolic link after it was found.
		reader, err := groups.Layout().Reader("/a/b")
		require.NoError(t, err)
		require.NoError(t, os.Rename(filepath.Join(groups.Root, "a"), filepath.Join(groups.Root, "c")))
		require.NoError(t, os.Symlink("c", filepath.Join(groups.Root, "a")))
		require.ErrorIs(t, reader.Read(FigureMemory, &usage), fs.ErrNotExist)
		require.ErrorIs(t, reader.Read(allFigures, &usage), fs.ErrNotExist)
	}
	noOpenat2.Store(false)
}

func TestCgroupFileSize(t *testing.T) {
	device := "259:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n"
	for count, large := range map[int]bool{1000: false, 100_000: true} {
		groups := writeCgroups(t, map[string]string{"cgroup.controllers": "", "a/io.stat": strings.Repeat(device, count)})
		usage, err := readCgroup(t, groups, "/a")
		assert.Equal(t, large, errors.Is(err, ErrTooLarge), "%v", err)
		assert.Equal(t, !large, usage.Known.Has(FigureDiskBytes))
		if !large {
			assert.Equal(t, uint64(count), usage.ReadBytes)
		}
	}
}

// The directory of a controller may be a link to one that has several controllers.
func TestControllerLinks(t *testing.T) {
	groups := writeCgroups(t, map[string]string{
		"cpu,cpuacct/pod/cpuacct.usage": "3\n", "cpu,cpuacct/pod/cpuacct.stat": "user 0\nsystem 0\n",
		"cpu,cpuacct/pod/cpu.cfs_quota_us": "5000\n", "cpu,cpuacct/pod/cpu.cfs_period_us": "10000\n",
	})
	elsewhere := writeCgroups(t, map[string]string{"pod/pids.current": "3\n"})
	require.NoError(t, os.Symlink("cpu,cpuacct", filepath.Join(groups.Root, "cpu")))
	require.NoError(t, os.Symlink("cpu,cpuacct", filepath.Join(groups.Root, "cpuacct")))
	require.NoError(t, os.Symlink(elsewhere.Root, filepath.Join(groups.Root, "pids")))
	relative, err := filepath.Rel(groups.Root, elsewhere.Root)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(relative, filepath.Join(groups.Root, "blkio")))
	require.NoError(t, os.Symlink("..", filepath.Join(groups.Root, "memory")))
	usage, err := readCgroup(t, groups, "/pod")
	require.NoError(t, err)
	assert.Equal(t, CgroupUsage{Known: FigureCPU | FigureCPULimit, CPU: 3, CPULimit: 0.5}, usage)
	assert.Len(t, groups.Layout().hierarchies, 2)
}

func TestMissingCgroupRoot(t *testing.T) {
	layout := Cgroups{Root: filepath.Join(t.TempDir(), "missing")}.Layout()
	_, err := layout.Reader("/pod")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A cgroup that is created again has another inode.
func TestCgroupIdentity(t *testing.T) {
	groups := writeCgroups(t, map[string]string{"cgroup.controllers": "", "a/memory.current": "1\n"})
	reader, err := groups.Layout().Reader("/a")
	require.NoError(t, err)
	var first, second CgroupUsage
	require.NoError(t, reader.Read(FigureMemory, &first))
	require.NoError(t, reader.Read(FigureMemory, &second))
	assert.Equal(t, first, second)
	require.NoError(t, os.Rename(filepath.Join(groups.Root, "a"), filepath.Join(groups.Root, "b")))
	require.ErrorIs(t, reader.Read(FigureMemory, &second), fs.ErrNotExist)
	require.NoError(t, os.Mkdir(filepath.Join(groups.Root, "a"), 0o755))
	require.NoError(t, reader.Read(FigureMemory, &second))
	assert.NotEqual(t, first.Inode, second.Inode)
	assert.Zero(t, second.Known)
}
