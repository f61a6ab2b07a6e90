package kata

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// warnedPaths scans storage paths and returns the warnings by path.
func warnedPaths(t *testing.T, paths []string) map[string]string {
	t.Helper()
	config := newConfig(storagePaths{})
	config.StoragePaths = paths
	s := newTestFinder(t, config)
	core, logs := observer.New(zap.WarnLevel)
	s.runtime.logger = zap.New(core)
	s.advance(time.Minute)
	warned := map[string]string{}
	for _, entry := range logs.All() {
		warned[entry.ContextMap()["path"].(string)] = entry.Message
	}
	if len(warned) != logs.Len() {
		t.Errorf("%d warnings about %d paths", logs.Len(), len(warned))
	}
	return warned
}

func TestConfiguredPathsWithoutSandboxesAreWarnedAbout(t *testing.T) {
	p := newStoragePaths(t)
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, p.golang, "web-0")
	alias := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(p.golang, alias); err != nil {
		t.Fatal(err)
	}
	jailer := filepath.Join(t.TempDir(), "kata")
	write(t, filepath.Join(jailer, "firecracker", "x"), "")
	missing, empty := filepath.Join(jailer, "missing"), t.TempDir()
	const remedy = ": check kata::storage_paths, which must list directories such as /run/vc/sbs and /run/kata"
	want := map[string]string{
		missing: "Configured Kata storage path does not exist" + remedy,
		"/etc":  "Configured path is not a Kata storage path: none of its entries is a sandbox" + remedy,
		empty:   "Configured Kata storage path contains no sandbox" + remedy,
		jailer:  "Configured Kata storage path contains no sandbox" + remedy,
	}
	if got := warnedPaths(t, []string{p.golang, alias, "/etc", missing, empty, jailer}); !maps.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := warnedPaths(t, defaultStoragePaths()); len(got) > 0 {
		t.Errorf("the defaults are warned about: %q", got)
	}
}

func TestStoragePathWithTooManyEntriesIsWarnedAboutOnce(t *testing.T) {
	s := newTestFinder(t, newConfig(newStoragePaths(t)))
	core, logs := observer.New(zap.WarnLevel)
	s.runtime.logger = zap.New(core)
	for range 2 {
		for _, path := range []string{"/run/vc/sbs", "/run/kata"} {
			s.warnAboutCut(path)
		}
	}
	for _, path := range []string{"/run/vc/sbs", "/run/kata"} {
		if got := logs.FilterField(zap.String("path", path)).Len(); got != 1 {
			t.Errorf("got %d warnings about %s, want 1", got, path)
		}
	}
}
