package statefile

import (
	"iter"
	"math/bits"
	"strings"
)

// Capabilities is a set of Linux capabilities, one bit for each.
type Capabilities uint64

// capabilityNames are the names from capabilities(7) by number, without CAP_.
var capabilityNames = [...]string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL",
	"SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
	"NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
	"SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME",
	"SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
	"SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
	"BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
}

// AllCapabilities is the set of all capabilities known to this package.
const AllCapabilities Capabilities = 1<<len(capabilityNames) - 1

var capabilityNumbers = func() map[string]int {
	numbers := make(map[string]int, len(capabilityNames))
	for number, name := range capabilityNames {
		numbers[name] = number
	}
	return numbers
}()

// CapabilityPrefix is the prefix of capability names in a spec.
const CapabilityPrefix = "CAP_"

// add adds a capability such as CAP_KILL to the set. It ignores unknown names,
// such as those of capabilities that later versions of Linux introduce.
func (c *Capabilities) add(name []byte) {
	if number, known := capabilityNumbers[strings.TrimPrefix(string(name), CapabilityPrefix)]; known {
		*c |= 1 << number
	}
}

// Names iterates over the names of the capabilities in the set, without CAP_,
// ordered by capability number.
func (c Capabilities) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := uint64(c); rest != 0; rest &= rest - 1 {
			if number := bits.TrailingZeros64(rest); number < len(capabilityNames) && !yield(capabilityNames[number]) {
				return
			}
		}
	}
}

// Select returns the capabilities for whose name, without CAP_, keep returns
// true.
func (c Capabilities) Select(keep func(name string) bool) (selected Capabilities) {
	for name := range c.Names() {
		if keep(name) {
			selected |= 1 << capabilityNumbers[name]
		}
	}
	return selected
}
