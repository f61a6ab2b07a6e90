package storage

import (
	"path/filepath"
	"strconv"
	"testing"
)

// reasonCauses cause each reason in an empty storage path. Each returns the name of
// the entry.
var reasonCauses = map[Reason]func(t *testing.T, storagePath string, inventory *Inventory) (name string){
	NotDirectory: func(t *testing.T, storagePath string, _ *Inventory) string {
		t.Helper()
		write(t, filepath.Join(storagePath, "plain"), "")
		return "plain"
	},
	InvalidName: func(t *testing.T, storagePath string, _ *Inventory) string {
		t.Helper()
		mkdir(t, filepath.Join(storagePath, ".hidden"))
		return ".hidden"
	},
	NoSocket: func(t *testing.T, storagePath string, _ *Inventory) string {
		t.Helper()
		mkdir(t, filepath.Join(storagePath, "web-0"))
		return "web-0"
	},
	NotSocket: func(t *testing.T, storagePath string, _ *Inventory) string {
		t.Helper()
		write(t, filepath.Join(storagePath, "web-0", socketName), "")
		return "web-0"
	},
	Jailer: func(t *testing.T, storagePath string, _ *Inventory) string {
		t.Helper()
		mkdir(t, filepath.Join(storagePath, "firecracker"))
		return "firecracker"
	},
	Template: func(t *testing.T, storagePath string, _ *Inventory) string {
		t.Helper()
		mkdir(t, filepath.Join(storagePath, podID))
		return podID
	},
	Unreadable: func(t *testing.T, storagePath string, _ *Inventory) string {
		t.Helper()
		// A path below a file cannot be inspected, even by the superuser.
		write(t, filepath.Join(storagePath, "file"), "")
		return filepath.Join("file", "web-0")
	},
	TooMany: func(t *testing.T, storagePath string, inventory *Inventory) string {
		t.Helper()
		bind(t, filepath.Join(storagePath, "web-0", socketName))
		for n := range maxSandboxes {
			inventory.found[filepath.Join("/elsewhere", strconv.Itoa(n))] = Directory{}
		}
		return "web-0"
	},
}

// TestEveryReasonOccurs checks that an inventory reports each reason of the list, and
// no other.
func TestEveryReasonOccurs(t *testing.T) {
	for _, reason := range Reasons {
		t.Run(reason.Name, func(t *testing.T) {
			cause := reasonCauses[Reason(reason.Name)]
			if cause == nil {
				t.Fatal("no test causes the reason")
			}
			storagePath := newStoragePath(t, "kata")
			inventory := NewInventory([]string{storagePath})
			name := cause(t, storagePath, inventory)
			inventory.Examine(storagePath, name)
			expectSkipped(t, inventory, storagePath, map[string]Reason{name: Reason(reason.Name)})
			if !reason.IsAboutPath() {
				t.Error("the reason must be about a path")
			}
		})
	}
	if len(reasonCauses) != len(Reasons) {
		t.Errorf("got %d causes for %d reasons", len(reasonCauses), len(Reasons))
	}
}
