package gvisor

import (
	"strconv"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// Modes of gVisor sandboxes that are honest, except for their usage.
const (
	UsageCPUJump           simulate.Mode = "usage-cpu-jump"
	UsageCPUFall           simulate.Mode = "usage-cpu-fall"
	UsageMemory            simulate.Mode = "usage-memory"
	UsageManyInterfaces    simulate.Mode = "usage-many-interfaces"
	UsageNewInterfaces     simulate.Mode = "usage-new-interfaces"
	UsageUnknownContainers simulate.Mode = "usage-unknown-containers"
	UsageRefused           simulate.Mode = "usage-refused"
	UsageStall             simulate.Mode = "usage-stall"
	UsageGarbage           simulate.Mode = "usage-garbage"
	UsageStallMidway       simulate.Mode = "usage-stall-midway"
	UsageTrickle           simulate.Mode = "usage-trickle"
)

var usageModes = []mode{
	{
		name: UsageCPUJump, description: "reports one hour more of CPU time in each response",
		alterUsage: func(plan *usagePlan, call int64) { plan.cpuElapsed += time.Duration(call) * time.Hour },
	},
	{
		name: UsageCPUFall, description: "reports half of its CPU time in every second response, as when processes of runsc exec end",
		alterUsage: func(plan *usagePlan, call int64) {
			if call%2 == 0 {
				plan.cpuElapsed /= 2
			}
		},
	},
	{
		name: UsageMemory, description: "reports that it uses 1 EiB of memory",
		alterUsage: func(plan *usagePlan, _ int64) { plan.memory = 1 << 60 },
	},
	{
		name: UsageManyInterfaces, description: "reports 10,000 network interfaces",
		alterUsage: func(plan *usagePlan, _ int64) { plan.extraInterfaces = 10_000 },
	},
	{
		name: UsageNewInterfaces, description: "reports 20 network interfaces with new names in each response",
		alterUsage: func(plan *usagePlan, call int64) { plan.extraInterfaces, plan.firstExtra = 20, 20*call },
	},
	{
		name: UsageUnknownContainers, description: "reports CPU time of 100 containers that do not exist",
		alterUsage: func(plan *usagePlan, _ int64) { plan.unknownContainers = 100 },
	},
	{
		name: UsageRefused, description: "refuses to report its usage, like old releases with the network of the host",
		alterUsage: func(plan *usagePlan, _ int64) { plan.refused = true },
	},
	{name: UsageStall, description: "does not respond to requests for its usage", sendUsage: sendNothing},
	{name: UsageGarbage, description: "sends 4 KB of random bytes in response to requests for its usage", sendUsage: sendNoise},
	{
		name: UsageStallMidway, description: "sends half of the response about its usage and then nothing more",
		sendUsage: sendHalfAndHold,
	},
	{name: UsageTrickle, description: "sends its usage with one byte every 20 ms", sendUsage: sendSlowly},
}

// usagePlan defines the contents of one response about the usage of the sandbox.
// Hostile modes alter the plan before the response is built.
type usagePlan struct {
	// elapsed is how long the sandbox has run, and cpuElapsed how long according to
	// its CPU times.
	elapsed, cpuElapsed time.Duration
	// memory is the memory of the sandbox in bytes.
	memory uint64
	// extraInterfaces is the number of network interfaces in addition to eth0 and
	// lo, and firstExtra the number in the name of the first one.
	extraInterfaces int
	firstExtra      int64
	// unknownContainers is the number of CPU times of containers that do not exist.
	unknownContainers int
	// refused responds with an error.
	refused bool
}

// usageMemory is how the memory of a sandbox changes.
var usageMemory = simulate.Motion{Kind: simulate.Wandering, Level: 48 << 20}

// Indexes of the values of a [simulate.Motion] that are not in snapshots.
const (
	memoryIndex = 1_000_000 + iota
	networkIndex
)

// planUsage returns the plan for the next response.
func (i *instance) planUsage(now time.Time) usagePlan {
	plan := i.honestUsage(now)
	call := i.sandbox.usageCalls.Add(1)
	if mode := i.sandbox.mode; mode != nil && mode.alterUsage != nil {
		mode.alterUsage(&plan, call)
	}
	return plan
}

// honestUsage returns the plan of an honest sandbox.
func (i *instance) honestUsage(now time.Time) usagePlan {
	elapsed := now.Sub(i.created)
	return usagePlan{elapsed: elapsed, cpuElapsed: elapsed, memory: usageMemory.At(i.seed, memoryIndex, elapsed)}
}

// appendUsage appends the response to containerManager.Event or Usage.Collect.
func (i *instance) appendUsage(b []byte, request *request, now time.Time) []byte {
	plan := i.planUsage(now)
	if plan.refused {
		return appendError(b, "operation not supported")
	}
	if request.method == methodMemory {
		return appendMemory(b, plan.memory)
	}
	for index := range 1 + i.sandbox.options.Containers {
		if i.containerID(index) == request.container {
			return i.appendEvent(b, index, &plan)
		}
	}
	return appendError(b, `container "`+request.container+`" not found`)
}

// appendMemory appends the response to Usage.Collect.
func appendMemory(b []byte, total uint64) []byte {
	b = append(b, `{"success":true,"err":"","result":{"Unknown":`...)
	b = strconv.AppendUint(b, total-total/4, 10)
	b = append(b, `,"System":0,"Anonymous":0,"PageCache":0,"Mapped":`...)
	b = strconv.AppendUint(b, total/4, 10)
	b = append(b, `,"Tmpfs":0,"Ramdiskfs":0,"Total":`...)
	return append(strconv.AppendUint(b, total, 10), `}}`...)
}

// containerID returns the ID of a container; that with the index 0 is the root
// container.
func (i *instance) containerID(index int) string {
	if index == 0 {
		return i.sandbox.options.ID
	}
	return i.sandbox.containerID(index - 1)
}

// appendEvent appends the response to containerManager.Event:
//
//	{"success":true,"err":"","result":{"event":{"type":"stats","id":"…","data":{…}},
//	 "containerUsage":{"…":1230000000}}}
//
// Like real sandboxes, it divides the memory equally among the containers other than
// the root container, unless that is the only one.
func (i *instance) appendEvent(b []byte, index int, plan *usagePlan) []byte {
	others := uint64(i.sandbox.options.Containers)
	memory, processes := plan.memory, 2+i.seed%8+uint64(index)
	switch {
	case others > 0 && index == 0:
		memory, processes = 0, 1
	case others > 0:
		memory /= others
	}
	b = append(b, `{"success":true,"err":"","result":{"event":{"type":"stats","id":"`...)
	b = append(b, i.containerID(index)...)
	b = append(b, `","data":{"cpu":{"usage":{}},"memory":{"usage":{"limit":0`...)
	if memory > 0 {
		b = append(b, `,"usage":`...)
		b = strconv.AppendUint(b, memory, 10)
	}
	b = append(b, `,"failcnt":0},"swap":{"limit":0,"failcnt":0},"kernel":{"limit":0,"failcnt":0},`...)
	b = append(b, `"kernelTCP":{"limit":0,"failcnt":0}},"pids":{"current":`...)
	b = strconv.AppendUint(b, processes, 10)
	b = append(b, `},"network_interfaces":[`...)
	b = i.appendInterfaces(b, plan)
	b = append(b, `]}},"containerUsage":{`...)
	b = i.appendCPU(b, plan)
	return append(b, `}}}`...)
}

// appendInterfaces appends the network interfaces, without the brackets.
func (i *instance) appendInterfaces(b []byte, plan *usagePlan) []byte {
	packets := simulate.Motion{Kind: simulate.Growing, Level: 40}.At(i.seed, networkIndex, plan.elapsed)
	b = appendInterface(b, "lo", packets/8)
	b = append(b, ',')
	b = appendInterface(b, "eth0", packets)
	for extra := range plan.extraInterfaces {
		b = append(b, ',')
		b = appendInterface(b, "veth"+strconv.FormatInt(plan.firstExtra+int64(extra), 10), packets)
	}
	return b
}

func appendInterface(b []byte, name string, packets uint64) []byte {
	b = append(b, `{"Name":"`...)
	b = append(b, name...)
	b = append(b, `","RxBytes":`...)
	b = strconv.AppendUint(b, packets*700, 10)
	b = append(b, `,"RxPackets":`...)
	b = strconv.AppendUint(b, packets, 10)
	// gVisor's network stack does not count errors and dropped packets.
	b = append(b, `,"RxErrors":0,"RxDropped":0,"TxBytes":`...)
	b = strconv.AppendUint(b, packets*90, 10)
	b = append(b, `,"TxPackets":`...)
	b = strconv.AppendUint(b, packets-packets/5, 10)
	return append(b, `,"TxErrors":0,"TxDropped":0}`...)
}

// cpuMilliseconds returns the CPU time of a container. All containers together use
// less than half a CPU, in steps of 10 ms.
func (i *instance) cpuMilliseconds(index int, plan *usagePlan) uint64 {
	permille := 1 + (i.seed>>(8*(index%8)))%450
	milliseconds := uint64(plan.cpuElapsed.Milliseconds()) * permille / 1000 / uint64(1+i.sandbox.options.Containers)
	return milliseconds / 10 * 10
}

// appendCPU appends the CPU times, without the braces.
func (i *instance) appendCPU(b []byte, plan *usagePlan) []byte {
	for index := range 1 + i.sandbox.options.Containers {
		if index > 0 {
			b = append(b, ',')
		}
		b = appendCPUTime(b, i.containerID(index), i.cpuMilliseconds(index, plan))
	}
	for unknown := range plan.unknownContainers {
		b = append(b, ',')
		b = appendCPUTime(b, "unknown-"+strconv.Itoa(unknown), 1_000_000)
	}
	return b
}

func appendCPUTime(b []byte, id string, milliseconds uint64) []byte {
	b = append(append(b, '"'), id...)
	b = append(b, `":`...)
	return strconv.AppendUint(b, milliseconds*uint64(time.Millisecond), 10)
}
