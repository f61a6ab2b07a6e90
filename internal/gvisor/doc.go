// Package gvisor is the gVisor runtime: it finds sandboxes by their state files
// (discovery, statefile), asks them over their control sockets (control),
// verifies what they answer against their registration (registration, snapshot),
// and adds what can be told without asking, as gVisor's own exporter does.
//
// # Trust
//
// A sandbox started with --metric-server has its registration in its state file,
// written before the workload started. Any other sandbox is asked for its
// registration when it is first pulled, once in its life; what it says then, all
// later snapshots have to agree with. Its data is marked as such.
//
// # What is reported without asking
//
// In the naming "prometheus", with the prefix from the configuration:
//
//	meta_sandbox_presence                     1
//	meta_sandbox_running                      1, or 0 while it boots
//	meta_sandbox_checkpointed, …_restored     0 or 1
//	meta_sandbox_cpu_time_saved_milliseconds  by a restore
//	meta_sandbox_wall_time_saved_milliseconds by a restore
//
// and, while its data verifies:
//
//	meta_sandbox_metadata{platform,version,…} 1
//	meta_sandbox_capabilities{capability}     1 for each capability of any container
//	meta_spec_metadata{hasuid0,ociversion,nvproxy,tpuproxy} 1
//	meta_sandbox_creation_time_seconds        Unix time
//
// In the naming "otel" they are gvisor.sandbox.metadata, .capability, .spec,
// .checkpointed, .restored and, of restored sandboxes alone, .cpu_time_saved (s)
// and .wall_time_saved (s). Presence and running are what the receiver's own
// sandbox.state tells there, and the creation is the start of every sum.
//
// A sandbox whose process is gone yields nothing, even if its files are still
// there.
package gvisor
