// Package catalog describes every metric that Kata Containers reports: its name
// in the text of a shim, its meaning, and its name in OpenTelemetry.
//
// The text of a shim packs many metrics into one family and distinguishes them
// by the label "item":
//
//	# TYPE kata_shim_proc_status gauge
//	kata_shim_proc_status{item="nonvoluntary_ctxt_switches"} 95
//	kata_shim_proc_status{item="vmpeak"} 1.318961152e+09
//	kata_shim_proc_status{item="vmrss"} 3.1506432e+07
//
// Nearly every family is declared a gauge, and the unit depends on the item and
// on the program that wrote it: the values above are bytes if the Go runtime
// wrote them, but KiB if runtime-rs or the guest agent did. The catalog is
// therefore keyed by family and item and exists once per [Flavor]. A [Row]
// holds both names, the actual kind, the UCUM unit, the factor to multiply by,
// and whether it belongs to the default families. A [TextFamily] holds the
// labels that its samples must have, the side that measured it, and the section
// of the text in which it may appear.
//
// The table starts in table.go, with one entry per family. process.go and
// network.go hold the items that several families share; the other files hold
// those of one component. Names, types, help texts, units and labels are those
// of Kata Containers 4.1.0 and client_golang 1.23. Kernel fields are explained
// in proc(5).
//
// # Names with naming "otel"
//
// A metric is called kata.<component>.<name>, where the component is shim,
// hypervisor, virtiofsd, agent, guest, firecracker or cgroup. Names, units and
// attributes follow the OpenTelemetry semantic conventions for processes,
// systems, containers and Go where these define the same quantity: cpu.time
// with cpu.mode, network.io with network.io.direction, disk.io with
// disk.io.direction and system.device. docs/semantic-conventions.md lists the
// differences. Rows that repeat the value of another row have no name.
package catalog
