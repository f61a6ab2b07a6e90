// Package guest verifies and accumulates what the agent in the guest of a Kata
// sandbox reports about the usage of the guest as a whole.
//
// All figures are the word of the guest. The account only makes sure that they are
// possible on this host, that counters never fall, and that they are bounded:
//
//   - CPU time is that of all CPUs of the guest in the modes user, nice, system, irq
//     and softirq. It cannot grow faster than time on all CPUs of the host.
//   - Memory is what the kernel of the guest does not have available (MemTotal -
//     MemAvailable). It cannot exceed that of the host.
//   - Network interfaces are those of the guest without the loopback interface and
//     without those that never had any traffic. Their number is limited.
//
// The guest reports tasks, including threads and those of its kernel, but no
// processes, so their number is unknown.
package guest
