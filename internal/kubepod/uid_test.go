package kubepod

import (
	"strings"
	"testing"
)

func TestPodUID(t *testing.T) {
	const static = "0123456789abcdef0123456789abcdef"
	for path, want := range map[string]string{
		"/kubepods/burstable/pod" + podID + "/8f2c":                              podID,
		"kubepods/pod" + podID:                                                   podID,
		"/kubepods/besteffort/pod" + static + "/8f2c":                            static,
		"kubepods-burstable-pod" + podIDInSlice + ".slice:cri-containerd:8f2c":   podID,
		"/kubepods-pod" + podIDInSlice + ".slice:crio:8f2c/sandbox":              podID,
		"/kubepods.slice/kubepods-pod" + podIDInSlice + ".slice/crio-8f2c.scope": podID,
		"kubepods-pod" + static + ".slice:cri-containerd:8f2c":                   static,
		"kubelet-kubepods-besteffort-pod" + podIDInSlice + ".slice:cri:x":        podID,
		"":                     "",
		"/":                    "",
		"/docker/8f2c":         "",
		"/podman/8f2c":         "",
		"/pod" + podID:         "",
		"/default/pod" + podID: "",
		"system-pod" + podIDInSlice + ".slice:docker:8f2c": "",
		"/kubepods/pod":                                                        "",
		"/kubepods/pod" + podID[1:]:                                            "",
		"/kubepods/pod" + podID + "0":                                          "",
		"/kubepods/pod" + strings.ReplaceAll(podID, "a", "g"):                  "",
		"/kubepods/xpod" + podID:                                               "",
		"/kubepods/pod" + podIDInSlice:                                         "",
		"kubepods-pod" + podIDInSlice + ".slice.d":                             "",
		"/kubepods/pod" + podID + "/pod" + strings.ReplaceAll(podID, "5", "6"): podID,
	} {
		if got := podUID(path); got != want {
			t.Errorf("podUID(%q) = %q, want %q", path, got, want)
		}
	}
}
