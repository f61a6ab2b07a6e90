// Package manifests tests the Kubernetes manifests and the Helm values of this repository
// against the types of Kubernetes, without a cluster. It is a separate module, so that
// nothing else depends on Kubernetes.
package manifests
