package host

import (
	"math"

	"golang.org/x/sys/unix"
)

// OpenFileLimit is how many descriptors this process may have open.
func OpenFileLimit() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	return int(min(limit.Cur, math.MaxInt32)), nil
}
