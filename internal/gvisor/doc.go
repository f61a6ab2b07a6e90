// Package gvisor is the gVisor runtime. It discovers sandboxes by their state
// files (packages discovery and statefile), requests snapshots over their control
// sockets (control), verifies them against a registration (registration,
// snapshot), and adds what is known without a pull, as gVisor's upstream exporter does.
//
// # Trust
//
// A sandbox started with --metric-server has its registration in its state file,
// written before the workload started. The receiver requests the registration of any
// other sandbox from the sandbox itself, once per instance before the first pull, and
// verifies all later snapshots against that. The metrics of such a sandbox are marked
// with sandbox.trust="first_use".
//
// # What is emitted without a pull
//
// In the naming "prometheus", with the configured prefix:
//
//	meta_sandbox_presence                     1
//	meta_sandbox_running                      1, or 0 while the sandbox boots
//	meta_sandbox_checkpointed, …_restored     0 or 1
//	meta_sandbox_cpu_time_saved_milliseconds  by a restore
//	meta_sandbox_wall_time_saved_milliseconds by a restore
//
// and, if the last pull succeeded:
//
//	meta_sandbox_metadata{platform,version,…} 1
//	meta_sandbox_capabilities{capability}     1 for each capability of any container
//	meta_spec_metadata{hasuid0,ociversion,nvproxy,tpuproxy} 1
//	meta_sandbox_creation_time_seconds        Unix time
//
// In the naming "otel" these are gvisor.sandbox.checkpointed, .restored, .spec,
// .capability and, for restored sandboxes only, .cpu_time_saved (s) and
// .wall_time_saved (s). The metadata become resource attributes such as
// gvisor.platform, sandbox.state replaces presence and running, and the time of
// creation is the start time of every sum.
//
// A sandbox whose process has exited emits nothing, even if its files still exist.
package gvisor
