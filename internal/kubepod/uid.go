package kubepod

import (
	"slices"
	"strings"
)

// kubepods is the name of the cgroup that contains those of all pods.
const kubepods = "kubepods"

// podUID extracts the UID of a pod from the path of its cgroup. The kubelet uses
// two notations, one per cgroup driver:
//
//	/kubepods/burstable/pod51cf5a9b-0d2f-4a3c-8f6e-0123456789ab/8f2c…
//	kubepods-burstable-pod51cf5a9b_0d2f_4a3c_8f6e_0123456789ab.slice:cri-containerd:8f2c…
//
// Static pods have a UID of 32 hexadecimal digits. The result is empty if the
// path contains no UID in a cgroup of the kubelet: elsewhere, a container can
// have such a name.
func podUID(path string) string {
	inKubepods := false
	for len(path) > 0 {
		element := path
		if end := strings.IndexAny(path, "/:"); end >= 0 {
			element, path = path[:end], path[end+1:]
		} else {
			path = ""
		}
		name := strings.TrimSuffix(element, ".slice")
		inKubepods = inKubepods || element == kubepods
		if name != element {
			inKubepods = inKubepods || slices.Contains(strings.Split(name, "-"), kubepods)
			name = strings.ReplaceAll(name[strings.LastIndexByte(name, '-')+1:], "_", "-")
		}
		if uid, found := strings.CutPrefix(name, "pod"); found && inKubepods && isPodUID(uid) {
			return uid
		}
	}
	return ""
}

// isPodUID reports whether text is a UUID or the hash of a static pod.
func isPodUID(text string) bool {
	if len(text) != 32 {
		return IsUUID(text)
	}
	for i := range len(text) {
		if !isHex(text[i]) {
			return false
		}
	}
	return true
}

// IsUUID reports whether text has the form
// 51cf5a9b-0d2f-4a3c-8f6e-0123456789ab.
func IsUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if text[i] != '-' {
				return false
			}
		} else if !isHex(text[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
