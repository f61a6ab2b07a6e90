package statefile

import (
	"iter"
	"math/bits"
	"strings"
)

// Capabilities is a set of Linux capabilities, a bit for each.
type Capabilities uint64

// capabilityNames are those of capabilities(7) by number, without CAP_.
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

// AllCapabilities is the set of all that have a name here.
const AllCapabilities Capabilities = 1<<len(capabilityNames) - 1

var capabilityNumbers = func() map[string]int {
	numbers := make(map[string]int, len(capabilityNames))
	for number, name := range capabilityNames {
		numbers[name] = number
	}
	return numbers
}()

// CapabilityPrefix is what a capability's name begins with in a spec.
const CapabilityPrefix = "CAP_"

// add puts a capability such as CAP_KILL into the set. A name that Linux did
// not have when this was written is left out.
func (c *Capabilities) add(name []byte) {
	if number, known := capabilityNumbers[strings.TrimPrefix(string(name), CapabilityPrefix)]; known {
		*c |= 1 << number
	}
}

// Names are the names of the set's capabilities by number, without CAP_.
func (c Capabilities) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := uint64(c); rest != 0; rest &= rest - 1 {
			if number := bits.TrailingZeros64(rest); number < len(capabilityNames) && !yield(capabilityNames[number]) {
				return
			}
		}
	}
}

// Select is the set of those capabilities whose name, without CAP_, is chosen.
func (c Capabilities) Select(choose func(name string) bool) (chosen Capabilities) {
	for name := range c.Names() {
		if choose(name) {
			chosen |= 1 << capabilityNumbers[name]
		}
	}
	return chosen
}
