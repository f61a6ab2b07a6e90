// Package cri asks the node's container runtime (containerd, CRI-O) which pod a
// sandbox belongs to, over the Container Runtime Interface (runtime.v1).
//
// There is one connection, made when the first question is asked, and kept. A
// caller leaves its questions with [Lookup.Ask] and takes answers from
// [Lookup.Answers]; it never waits. Questions that got no answer are asked again
// until they are taken back with [Lookup.Forget]: right after its start, a
// sandbox may not be known to the container runtime yet.
//
// One question is asked by id; several at once by listing all sandboxes, of
// which a node may have thousands with large annotations, so an answer may have
// 16 MiB, as for the kubelet. Where even that is too little, each is asked for
// by its id.
//
// Only the name, the namespace and the UID of a pod are taken from an answer.
package cri
