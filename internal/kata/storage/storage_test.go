package storage

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	webID  = "8f2c51cf5a9b0d2f4a3c8f6e0123456789abcdef8f2c51cf5a9b0d2f4a3c8f6e"
	podID  = "51cf5a9b-0d2f-4a3c-8f6e-0123456789ab"
	podID_ = "51cf5a9b_0d2f_4a3c_8f6e_0123456789ab"
)

// bind makes a socket, whose listener ends with the test.
func bind(t *testing.T, path string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// newPlace makes a storage path, short enough for sockets.
func newPlace(t *testing.T, base string) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "k") //nolint:usetesting // the other is too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	place := filepath.Join(parent, base)
	mkdir(t, place)
	return place
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		webID: true, "web-0": true, "a.": true, "0_": true, strings.Repeat("a", 255): true,
		"": false, "a": false, ".a": false, "-a": false, "_a": false, "..": false, "a/b": false,
		"a b": false, "a\x00": false, "ä0": false, strings.Repeat("a", 256): false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v", id, got)
		}
	}
}

func TestPodUID(t *testing.T) {
	const static = "0123456789abcdef0123456789abcdef"
	for path, want := range map[string]string{
		"/kubepods/burstable/pod" + podID + "/8f2c":                        podID,
		"kubepods/pod" + podID:                                             podID,
		"/kubepods/besteffort/pod" + static + "/8f2c":                      static,
		"kubepods-burstable-pod" + podID_ + ".slice:cri-containerd:8f2c":   podID,
		"/kubepods-pod" + podID_ + ".slice:crio:8f2c/sandbox":              podID,
		"/kubepods.slice/kubepods-pod" + podID_ + ".slice/crio-8f2c.scope": podID,
		"kubepods-pod" + static + ".slice:cri-containerd:8f2c":             static,
		"kubelet-kubepods-besteffort-pod" + podID_ + ".slice:cri:x":        podID,
		"":                            "",
		"/":                           "",
		"/docker/8f2c":                "",
		"/podman/8f2c":                "",
		"/kubepods/pod":               "",
		"/kubepods/pod" + podID[1:]:   "",
		"/kubepods/pod" + podID + "0": "",
		"/kubepods/pod" + strings.ReplaceAll(podID, "a", "g"):                  "",
		"/kubepods/xpod" + podID:                                               "",
		"/kubepods/pod" + podID_:                                               "",
		"kubepods-pod" + podID_ + ".slice.d":                                   "",
		"/kubepods/pod" + podID + "/pod" + strings.ReplaceAll(podID, "5", "6"): podID,
	} {
		if got := podUID(path); got != want {
			t.Errorf("podUID(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestExamine(t *testing.T) {
	place := newPlace(t, "sbs")
	bind(t, filepath.Join(place, webID, socketName))
	bind(t, filepath.Join(place, ".hidden", socketName))
	mkdir(t, filepath.Join(place, "leftover"))
	mkdir(t, filepath.Join(place, podID))
	mkdir(t, filepath.Join(place, "firecracker"))
	write(t, filepath.Join(place, "file0", socketName), "")
	mkdir(t, filepath.Join(place, "dir00", socketName))
	write(t, filepath.Join(place, "plain"), "")
	if err := os.Symlink(webID, filepath.Join(place, "linked")); err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(place, "link0"))
	if err := os.Symlink(filepath.Join(place, webID, socketName), filepath.Join(place, "link0", socketName)); err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]Reason{
		webID: "", ".hidden": InvalidName, "leftover": NoSocket, podID: Template, "firecracker": Jailer,
		"file0": NotSocket, "dir00": NotSocket, "plain": NotDirectory, "linked": NotDirectory, "link0": NotSocket,
	} {
		directory, reason, err := Examine(place, name)
		if err != nil || reason != want {
			t.Errorf("%s: %q, %v; want %q", name, reason, err, want)
		}
		if (directory != Directory{}) != (want == "") {
			t.Errorf("%s: %+v", name, directory)
		}
	}
	if _, _, err := Examine(place, "nobody"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

// A jailer's name and a UUID are valid ids, too: with a socket they are
// sandboxes.
func TestExamineGoesByTheSocket(t *testing.T) {
	place := newPlace(t, "kata")
	for _, name := range []string{"firecracker", podID} {
		bind(t, filepath.Join(place, name, socketName))
		if _, reason, err := Examine(place, name); reason != "" || err != nil {
			t.Errorf("%s: %q, %v", name, reason, err)
		}
	}
}

func TestLife(t *testing.T) {
	place := newPlace(t, "kata")
	socket := filepath.Join(place, "web-0", socketName)
	bind(t, socket)
	first, _, err := Examine(place, "web-0")
	if err != nil {
		t.Fatal(err)
	}
	if !first.StillThere() {
		t.Error("the sandbox is not there")
	}
	// What goes on in the directory does not begin a new life.
	write(t, filepath.Join(place, "web-0", stateName), "{}")
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}
	if !first.StillThere() {
		t.Error("a new file began a new life")
	}
	if age := time.Since(first.Life.Created()); age < -time.Minute || age > time.Hour {
		t.Errorf("created %v ago", age)
	}

	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	if first.StillThere() {
		t.Error("a sandbox without a socket is there")
	}
	bind(t, socket)
	// Inodes and coarse times can be the same by chance.
	if err := os.Chtimes(socket, time.Time{}, first.Life.Created().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	second, _, err := Examine(place, "web-0")
	if err != nil {
		t.Fatal(err)
	}
	if first.StillThere() || first.Life.Iteration() == second.Life.Iteration() {
		t.Errorf("two lives look the same: %+v, %+v", first, second)
	}
}
