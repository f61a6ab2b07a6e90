package host

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// exitStatus returns the status of a process that has ended, from its pidfd. Until the
// parent has waited for the process, it is in /proc; from then on, the kernel keeps it
// for the pidfd. The parent may do so at any time.
func exitStatus(fd, pid int) ExitStatus {
	if status := pidfdStatus(fd); status.Known {
		return status
	}
	if status := zombieStatus(pid); status.Known {
		return status
	}
	return pidfdStatus(fd)
}

// pidfdInfo is struct pidfd_info of linux/pidfd.h, in its first version.
type pidfdInfo struct {
	mask, cgroup uint64
	ids          [11]uint32
	exitCode     uint32
}

const (
	// pidfdGetInfo is PIDFD_GET_INFO: _IOWR(0xFF, 11, struct pidfd_info).
	pidfdGetInfo = 0xc040ff0b
	// pidfdInfoExit is PIDFD_INFO_EXIT (since Linux 6.15).
	pidfdInfoExit = 1 << 3
)

// pidfdStatus returns the status of a process for which its parent has waited.
func pidfdStatus(fd int) ExitStatus {
	info := pidfdInfo{mask: pidfdInfoExit}
	// The conversion must be part of the call, so that info does not move.
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), pidfdGetInfo,
		uintptr(unsafe.Pointer(&info))) //nolint:gosec // as ioctl(2) needs
	if errno != 0 || info.mask&pidfdInfoExit == 0 {
		return ExitStatus{}
	}
	return waitStatus(info.exitCode)
}

// zombieStatus returns the status of a process for which its parent has not waited. It is
// the last but one field of /proc/<pid>/stat, which is 0 also if this process must not
// trace the other one:
//
//	4242 (runsc-sandbox) Z 1 4242 … 9
func zombieStatus(pid int) ExitStatus {
	status, zombie := readZombie(pid)
	if !zombie || status != 0 {
		return status.known(zombie)
	}
	// The link exists for a process without memory, but following it fails: with EACCES
	// without the permission to trace it, otherwise with ENOENT.
	_, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	if !errors.Is(err, os.ErrNotExist) {
		return ExitStatus{}
	}
	// It may have been another process, or none.
	again, zombie := readZombie(pid)
	return again.known(zombie)
}

// rawStatus is a status in the format of wait(2).
type rawStatus uint32

func (s rawStatus) known(known bool) ExitStatus {
	if !known {
		return ExitStatus{}
	}
	return waitStatus(uint32(s))
}

// exitCodeField is the number of the field with the status, counted from the state; in
// proc(5), it is larger by 3.
const exitCodeField = 49

func readZombie(pid int) (status rawStatus, zombie bool) {
	data, _, err := ReadRegular("/proc/"+strconv.Itoa(pid)+"/stat", maxProcessStat, nil)
	if err != nil {
		return 0, false
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) <= exitCodeField || string(fields[0]) != "Z" {
		return 0, false
	}
	value, err := strconv.ParseUint(string(fields[exitCodeField]), 10, 16)
	return rawStatus(value), err == nil
}

// hasEnded reports whether the process of a pidfd has ended. It does not block.
func hasEnded(fd int) bool {
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor
		n, err := unix.Poll(fds, 0)
		if !errors.Is(err, unix.EINTR) {
			return err == nil && n > 0 && fds[0].Revents&unix.POLLIN != 0
		}
	}
}
