//go:build unix

package gvisor

import (
	"os"
	"syscall"
)

func flock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_EX) }

// rightsMessage returns a control message that passes the descriptors to the
// other end of a socket.
func rightsMessage(descriptors []int) []byte { return syscall.UnixRights(descriptors...) }
