// Package cri looks up the pods of sandboxes in the container runtime of the
// host (containerd, CRI-O) over the Container Runtime Interface (runtime.v1).
//
// It uses a single connection, which is opened for the first request and then
// kept. Callers request a pod with [Lookup.Request] and receive it from
// [Lookup.Results]; requesting never blocks. A request is retried until it has a
// result or is canceled with [Lookup.Forget], because the container runtime may
// not know a sandbox yet right after it started.
//
// A few pending requests are sent as one call per sandbox ID, more as one call
// that lists all sandboxes. A host may have thousands of sandboxes with large
// annotations, so a response may have 16 MiB, as for the kubelet. If a list
// exceeds that, each sandbox is looked up by its ID.
//
// Of a response, only the name, the namespace and the UID of a pod are used.
package cri
