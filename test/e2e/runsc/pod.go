//go:build linux

package runsc

import "time"

// settleTimeout limits how long the metrics of a sandbox may keep changing.
const settleTimeout = 30 * time.Second

// PodSandbox returns the annotations that containerd sets on the sandbox container
// of a pod.
func PodSandbox(id, namespace, name, uid string) map[string]string {
	annotations := pod(id, namespace, name, uid)
	annotations["io.kubernetes.cri.container-type"] = "sandbox"
	return annotations
}

// PodContainer returns the annotations that containerd sets on the other
// containers of a pod.
func PodContainer(sandboxID, namespace, name, uid, container string) map[string]string {
	annotations := pod(sandboxID, namespace, name, uid)
	annotations["io.kubernetes.cri.container-type"] = "container"
	annotations["io.kubernetes.cri.container-name"] = container
	return annotations
}

func pod(sandboxID, namespace, name, uid string) map[string]string {
	return map[string]string{
		"io.kubernetes.cri.sandbox-id":        sandboxID,
		"io.kubernetes.cri.sandbox-namespace": namespace,
		"io.kubernetes.cri.sandbox-name":      name,
		"io.kubernetes.cri.sandbox-uid":       uid,
	}
}

// DeleteContainer kills one container of a pod and removes its files.
func (s *Sandbox) DeleteContainer() {
	s.runtime.t.Helper()
	s.runtime.run("delete", "--force", s.ID)
}
