package guest

// Figure is one number that the agent reports about the guest.
type Figure uint8

const (
	// None is any number that is not part of the usage.
	None Figure = iota

	cpuUser
	cpuNice
	cpuSystem
	cpuInterrupt
	cpuSoftInterrupt
	memoryTotal
	memoryAvailable

	receivedBytes
	receivedPackets
	receivedErrors
	receivedDropped
	transmittedBytes
	transmittedPackets
	transmittedErrors
	transmittedDropped

	figures
)

const (
	firstPlain   = cpuUser
	plainFigures = memoryAvailable - firstPlain + 1
	firstCounter = receivedBytes
	counters     = figures - firstCounter
)

// byItem maps the items of each family to figures. Time in the modes guest and
// guest_nice is part of user and nice.
var byItem = map[string]map[string]Figure{
	"kata_guest_cpu_time": {
		"user": cpuUser, "nice": cpuNice, "system": cpuSystem, "irq": cpuInterrupt, "softirq": cpuSoftInterrupt,
	},
	"kata_guest_meminfo": {"mem_total": memoryTotal, "mem_available": memoryAvailable},
	"kata_guest_netdev_stat": {
		"recv_bytes": receivedBytes, "recv_packets": receivedPackets, "recv_errs": receivedErrors, "recv_drop": receivedDropped,
		"sent_bytes": transmittedBytes, "sent_packets": transmittedPackets,
		"sent_errs": transmittedErrors, "sent_drop": transmittedDropped,
	},
}

// FigureOf returns the figure that an item of a family of the agent's text is. Of
// kata_guest_cpu_time, only the samples of all CPUs together are figures.
func FigureOf(family, item string) Figure { return byItem[family][item] }
