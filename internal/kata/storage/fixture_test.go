package storage

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	webID = "8f2c51cf5a9b0d2f4a3c8f6e0123456789abcdef8f2c51cf5a9b0d2f4a3c8f6e"
	podID = "51cf5a9b-0d2f-4a3c-8f6e-0123456789ab"
	// podIDInSlice is podID as in the name of a systemd slice.
	podIDInSlice = "51cf5a9b_0d2f_4a3c_8f6e_0123456789ab"
)

// bind creates a socket, whose listener is closed at the end of the test.
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

// newStoragePath creates a storage path that is short enough for socket
// addresses.
func newStoragePath(t *testing.T, base string) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "k") //nolint:usetesting // t.TempDir is too long for a socket address
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	storagePath := filepath.Join(parent, base)
	mkdir(t, storagePath)
	return storagePath
}
