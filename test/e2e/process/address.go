//go:build linux

package process

import (
	"net"
	"testing"
)

// FreeAddress returns a loopback address that is not in use.
func FreeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
