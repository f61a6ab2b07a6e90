// Package guest verifies and accumulates what the agent in the guest of a Kata
// sandbox reports about the usage of the guest as a whole.
//
// The guest can report any value. The account only ensures that values are possible
// on this host, that counters never decrease, and that memory is bounded:
//
//   - CPU time is that of all CPUs of the guest in the modes user, nice, system, irq
//     and softirq. It cannot grow faster than time on all CPUs of the host.
//   - Memory is the memory of the guest that is not available (MemTotal -
//     MemAvailable). It cannot exceed that of the host.
//   - Network interfaces are those of the guest, except for the loopback interface and
//     interfaces without any traffic. Their number is limited.
//
// The guest reports the number of tasks, which includes threads and kernel threads, but
// not the number of processes, which is therefore unknown.
package guest
