package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// describe makes of changes what a test can compare: -lost, +found, ±both.
func describe(changes []Change) []string {
	var texts []string
	for _, change := range changes {
		switch {
		case change.Lost != nil && change.Found != nil:
			texts = append(texts, "±"+change.Found.ID)
		case change.Lost != nil:
			texts = append(texts, "-"+change.Lost.ID)
		case change.Found != nil:
			texts = append(texts, "+"+change.Found.ID)
		}
	}
	slices.SortFunc(texts, cmp.Compare[string])
	return texts
}

func scan(t *testing.T, inventory *Inventory, place string) []string {
	t.Helper()
	inventory.Moved(place)
	changes, err := inventory.Scan(place)
	if err != nil {
		t.Fatal(err)
	}
	return describe(changes)
}

func TestScan(t *testing.T) {
	place := newPlace(t, "sbs")
	inventory := NewInventory([]string{place})
	step := func(name string, want ...string) {
		t.Helper()
		if got := scan(t, inventory, place); !slices.Equal(got, want) {
			t.Fatalf("%s: %q, want %q", name, got, want)
		}
	}
	passed := func(want map[string]int) {
		t.Helper()
		if got := inventory.Passed(); !maps.Equal(got, want) {
			t.Fatalf("passed %v, want %v", got, want)
		}
	}
	step("nothing")
	passed(map[string]int{})

	bind(t, filepath.Join(place, "web-0", socketName))
	mkdir(t, filepath.Join(place, "db-0"))
	mkdir(t, filepath.Join(place, "leftover"))
	mkdir(t, filepath.Join(place, "firecracker"))
	step("first", "+web-0")
	passed(map[string]int{"no_socket": 2, "jailer": 1})
	step("no change")

	bind(t, filepath.Join(place, "db-0", socketName))
	step("socket appears", "+db-0")
	passed(map[string]int{"no_socket": 1, "jailer": 1})

	socket := filepath.Join(place, "web-0", socketName)
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	bind(t, socket)
	if err := os.Chtimes(socket, time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	step("a new life", "±web-0")

	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	step("socket vanishes", "-web-0")
	passed(map[string]int{"no_socket": 2, "jailer": 1})

	for _, name := range []string{"db-0", "leftover", "web-0"} {
		if err := os.RemoveAll(filepath.Join(place, name)); err != nil {
			t.Fatal(err)
		}
	}
	step("directories vanish", "-db-0")
	passed(map[string]int{"jailer": 1})
}

func TestUnsettled(t *testing.T) {
	place := newPlace(t, "sbs")
	bind(t, filepath.Join(place, "web-0", socketName))
	mkdir(t, filepath.Join(place, "db-0"))
	mkdir(t, filepath.Join(place, "firecracker"))
	mkdir(t, filepath.Join(place, "file", socketName))
	inventory := NewInventory([]string{place})
	unsettled := func(after time.Time) []string {
		t.Helper()
		paths := inventory.Unsettled(after)
		slices.Sort(paths)
		return paths
	}
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if inventory.HasUnsettled() {
		t.Error("unsettled before it looked")
	}
	scan(t, inventory, place)
	want := []string{filepath.Join(place, "db-0"), filepath.Join(place, "firecracker")}
	if got := unsettled(past); !slices.Equal(got, want) || !inventory.HasUnsettled() {
		t.Errorf("got %q", got)
	}
	// What has not changed for long is not expected to.
	if got := unsettled(future); len(got) != 0 || inventory.HasUnsettled() {
		t.Errorf("got %q", got)
	}
	inventory.Examine(place, "db-0")
	if got := unsettled(past); !slices.Equal(got, want[:1]) {
		t.Errorf("got %q after a look", got)
	}
	bind(t, filepath.Join(place, "db-0", socketName))
	inventory.Examine(place, "db-0")
	if got := unsettled(past); len(got) != 0 {
		t.Errorf("got %q with a socket", got)
	}
}

func TestPlaceComesAndGoes(t *testing.T) {
	place := newPlace(t, "kata")
	inventory := NewInventory([]string{place})
	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	if inventory.Moved(place) {
		t.Error("a place that never was has moved")
	}
	if got := scan(t, inventory, place); len(got) != 0 {
		t.Errorf("found %q in nothing", got)
	}

	bind(t, filepath.Join(place, "web-0", socketName))
	// What is in a place counts from when the place was noticed.
	if changes, err := inventory.Scan(place); err != nil || len(changes) > 0 {
		t.Errorf("got %q, %v", describe(changes), err)
	}
	if !inventory.Moved(place) || inventory.Moved(place) {
		t.Error("the place appeared once")
	}
	inventory.Doubt(place)
	if !inventory.Moved(place) || inventory.Moved(place) {
		t.Error("the place was doubted once")
	}
	if got := scan(t, inventory, place); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("got %q", got)
	}

	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	if !inventory.Moved(place) || inventory.Moved(place) {
		t.Error("the place vanished once")
	}
	if got := scan(t, inventory, place); !slices.Equal(got, []string{"-web-0"}) {
		t.Errorf("got %q", got)
	}
}

func TestPlaceThatIsNoDirectory(t *testing.T) {
	place := newPlace(t, "kata")
	file := filepath.Join(place, "file")
	write(t, file, "")
	inventory := NewInventory([]string{file})
	if _, err := inventory.Scan(file); err == nil {
		t.Error("scanned a file")
	}
	if inventory.Moved(file) {
		t.Error("a file is no place")
	}
}

// A storage path that cannot be read for a moment says nothing about what is
// in it.
func TestUnreadablePlaceLosesNothing(t *testing.T) {
	place := newPlace(t, "kata")
	bind(t, filepath.Join(place, "web-0", socketName))
	inventory := NewInventory([]string{place})
	scan(t, inventory, place)
	hidden := place + "-hidden"
	if err := os.Rename(place, hidden); err != nil {
		t.Fatal(err)
	}
	write(t, place, "no directory")
	if change := inventory.Examine(place, "web-0"); change != (Change{}) {
		t.Errorf("got %q", describe([]Change{change}))
	}
	inventory.Moved(place)
	if changes, err := inventory.Scan(place); err == nil || errors.Is(err, fs.ErrNotExist) || len(changes) > 0 {
		t.Errorf("got %q, %v", describe(changes), err)
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(hidden, place); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, inventory, place); len(got) != 0 {
		t.Errorf("got %q when it could be read again", got)
	}
}

func TestSamePlaceByTwoNames(t *testing.T) {
	place := newPlace(t, "kata")
	bind(t, filepath.Join(place, "web-0", socketName))
	linked := filepath.Join(filepath.Dir(place), "linked")
	if err := os.Symlink(place, linked); err != nil {
		t.Fatal(err)
	}
	inventory := NewInventory([]string{linked, place, place + "/"})
	if got := inventory.Places(); !slices.Equal(got, []string{linked, place}) {
		t.Errorf("places %q", got)
	}
	if got := scan(t, inventory, linked); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("through the link: %q", got)
	}
	if got := scan(t, inventory, place); len(got) != 0 {
		t.Errorf("and again: %q", got)
	}
	if change := inventory.Examine(place, "web-0"); change != (Change{}) {
		t.Errorf("and again by name: %q", describe([]Change{change}))
	}
	if inventory.IsTwin(linked) || !inventory.IsTwin(place) {
		t.Error("the second of both is the twin")
	}
	// Without the first name, the second is no twin any more.
	if err := os.Remove(linked); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, inventory, linked); !slices.Equal(got, []string{"-web-0"}) {
		t.Errorf("without the link: %q", got)
	}
	if got := scan(t, inventory, place); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("by the other name: %q", got)
	}
	// When it comes back, it is the first again.
	if err := os.Symlink(place, linked); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, inventory, linked); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("with the link again: %q", got)
	}
	if got := scan(t, inventory, place); !slices.Equal(got, []string{"-web-0"}) {
		t.Errorf("no more by the other name: %q", got)
	}
}

func TestTooManySandboxes(t *testing.T) {
	place := newPlace(t, "kata")
	bind(t, filepath.Join(place, "web-0", socketName))
	inventory := NewInventory([]string{place})
	for n := range mostSandboxes {
		inventory.found[fmt.Sprintf("/elsewhere/%d", n)] = Directory{}
	}
	if got := scan(t, inventory, place); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	if got := inventory.Passed(); !maps.Equal(got, map[string]int{"too_many": 1}) {
		t.Errorf("passed %v", got)
	}
	delete(inventory.found, "/elsewhere/0")
	if got := scan(t, inventory, place); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("got %q after one went away", got)
	}
}

func TestNotifier(t *testing.T) {
	place := newPlace(t, "kata")
	notifier, err := NewNotifier()
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = notifier.Close() }()
	if err := notifier.Watch(filepath.Join(place, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("watching nothing: %v", err)
	}
	await := func(want string) {
		t.Helper()
		deadline := time.After(10 * time.Second)
		for {
			select {
			case event := <-notifier.Events():
				if event.Name == filepath.Join(place, want) {
					return
				}
			case err := <-notifier.Errors():
				t.Fatal(err)
			case <-deadline:
				t.Fatalf("nothing was said about %s", want)
			}
		}
	}
	if err := notifier.Watch(place); err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(place, "web-0"))
	await("web-0")

	// The watch is on the directory, not on its name.
	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	mkdir(t, place)
	if err := notifier.Watch(place); err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(place, "db-0"))
	await("db-0")
}

func TestNotifierWithoutWatches(t *testing.T) {
	var notifier Notifier
	if err := notifier.Watch("/nowhere"); err != nil {
		t.Error(err)
	}
	if notifier.Events() != nil || notifier.Errors() != nil || notifier.Close() != nil {
		t.Error("it is not silent")
	}
}
