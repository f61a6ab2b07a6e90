//go:build unix

package simulate

import (
	"fmt"
	"os"
	"syscall"
)

// lockExclusively takes the advisory lock of a file, which is made if it is not
// there. Closing the file gives the lock back.
func lockExclusively(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: locking: %w", path, err)
	}
	return file, nil
}

// descriptorMessage is a control message that hands the same descriptor over
// many times, as often as one message may.
func descriptorMessage(file *os.File) []byte {
	descriptors := make([]int, 253)
	for i := range descriptors {
		descriptors[i] = int(file.Fd())
	}
	return syscall.UnixRights(descriptors...)
}
