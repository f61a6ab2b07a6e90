// Package catalog knows every metric that Kata Containers reports: what its
// text calls it, what it is, and what it is called here.
//
// The text of a shim packs many metrics into one family and tells them apart by
// the label "item":
//
//	# TYPE kata_shim_proc_status gauge
//	kata_shim_proc_status{item="nonvoluntary_ctxt_switches"} 95
//	kata_shim_proc_status{item="vmpeak"} 1.318961152e+09
//	kata_shim_proc_status{item="vmrss"} 3.1506432e+07
//
// Nearly all of it is declared a gauge, and the unit depends on the item and on
// the runtime that wrote it: these are bytes from the runtime written in Go, but
// KiB from runtime-rs and from the agent in the guest. So the catalog is keyed
// by family and item and exists once for each [Flavor]. A [Row] has both names,
// the true kind, the UCUM unit, what to multiply by, and whether the default
// preset has it; a [Family] has the labels that its samples must have, who
// measured it and where in a text it may stand.
//
// The table begins in table.go, one line for each row; groups.go has the items
// that several families share, guest.go and vmstat.go those of the guest,
// firecracker.go and client_golang.go what comes from there. Facts in it (names,
// types and help texts of the text, units, labels) are those of Kata Containers
// 4.1.0 and of client_golang 1.23; kernel fields are explained in proc(5).
//
// # Names in the naming "otel"
//
// A metric is called kata.<component>.<thing>, where the component is shim,
// hypervisor, virtiofsd, agent, guest, firecracker or cgroup. Things, units and
// attributes follow OpenTelemetry's semantic conventions for processes and
// systems where these have the same thing (cpu.time with cpu.mode, network.io
// with network.io.direction, disk.io with disk.io.direction and system.device).
// Rows that say again what another row says have no name there.
package catalog
