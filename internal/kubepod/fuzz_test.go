package kubepod

import "testing"

func FuzzPodUID(f *testing.F) {
	f.Fuzz(func(t *testing.T, path string) {
		if uid := podUID(path); uid != "" && !isPodUID(uid) {
			t.Errorf("podUID(%q) = %q, which is not a pod UID", path, uid)
		}
	})
}
