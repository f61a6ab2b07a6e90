package simulate

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// maxSocketPath is the longest path that fits into a socket address together
// with its terminating zero byte (unix(7)).
const maxSocketPath = 107

// Listen creates a Unix stream socket. A path that is too long for a socket
// address is reached through a descriptor of its directory. The socket file
// remains when the listener closes, as it does when a process dies.
func Listen(path string) (*net.UnixListener, error) {
	address := path
	if len(path) > maxSocketPath {
		directory, err := os.Open(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		defer directory.Close()
		address = fmt.Sprintf("/proc/self/fd/%d/%s", directory.Fd(), filepath.Base(path))
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	return listener, nil
}
