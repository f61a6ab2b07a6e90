package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTextsAtTheirLimit(t *testing.T) {
	for length, want := range map[int]int{maxTextLength: maxTextLength, maxTextLength + 1: 0} {
		text := strings.Repeat("/", length)
		state, err := parseState(fmt.Appendf(nil, `{"resource":{"cgroup_state":{"path":%q}}}`, text))
		if err != nil || len(state.Cgroup) != want {
			t.Errorf("path of %d bytes: got %d, %v; want %d", length, len(state.Cgroup), err, want)
		}
	}
}

// TestStateFileAsOldAsTheSocket has a file system with coarse times: the state
// file is written right after the socket was bound.
func TestStateFileAsOldAsTheSocket(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	bind(t, filepath.Join(storagePath, webID, socketName))
	directory, _, err := Examine(storagePath, webID)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory.Path(), stateName)
	write(t, path, testdata(t, "state-dragonball.json"))
	bound := directory.Instance.Created()
	if err := os.Chtimes(path, bound, bound); err != nil {
		t.Fatal(err)
	}
	if _, state, err := NewStateFile(directory).Read(); err != nil || state.Hypervisor != "dragonball" {
		t.Errorf("got %+v, %v; want the state", state, err)
	}
}

// TestPendingSinceAnExactTime asks for directories that changed after the time at
// which the last one changed.
func TestPendingSinceAnExactTime(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	path := filepath.Join(storagePath, "web-0")
	mkdir(t, path)
	inventory := NewInventory([]string{storagePath})
	scan(t, inventory, storagePath)
	changed := time.Unix(0, inventory.pending[path])
	if got := inventory.Pending(changed.Add(-1)); !slices.Equal(got, []string{path}) {
		t.Errorf("got %q 1 ns before the change, want %q", got, path)
	}
	if got := inventory.Pending(changed); len(got) != 0 {
		t.Errorf("got %q at the time of the change, want none", got)
	}
}
