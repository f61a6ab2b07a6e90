package host

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestCgroupDirectories(t *testing.T) {
	const pod = "kubepods-burstable-pod51cf_5a9b.slice"
	const expanded = "kubepods.slice/kubepods-burstable.slice/" + pod
	tests := []struct {
		name string
		path string
		want []string
	}{
		{"cgroupfs", "/kubepods/pod1/8f2c", []string{"kubepods/pod1/8f2c"}},
		{"relative", "kubepods/pod1/8f2c", []string{"kubepods/pod1/8f2c"}},
		{"subdirectory", "/kubepods/pod1/8f2c/sandbox", []string{"kubepods/pod1/8f2c/sandbox"}},
		{"systemd form", pod + ":cri-containerd:8f2c", []string{expanded + "/cri-containerd-8f2c.scope", pod + ":cri-containerd:8f2c"}},
		{
			"systemd form with subdirectory", "/" + pod + ":cri-containerd:8f2c/sandbox",
			[]string{expanded + "/cri-containerd-8f2c.scope/sandbox", pod + ":cri-containerd:8f2c/sandbox"},
		},
		{"systemd form that names a slice", "a.slice:x:a-b.slice", []string{"a.slice/a-b.slice", "a.slice:x:a-b.slice"}},
		{"three parts without slice", "a:b:c", []string{"a:b:c"}},
		{"empty", "", nil},
		{"root of the hierarchy", "/", nil},
		{"outside the hierarchy", "/kubepods/../../etc", nil},
		{"parent directories within the hierarchy", "a.slice:x:../../etc", []string{"etc"}},
		{"dots as unit name", "a.slice:x:..", []string{"a.slice/x-...scope", "a.slice:x:.."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := cgroupDirectories(test.path); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func FuzzCgroupDirectories(f *testing.F) {
	f.Fuzz(func(t *testing.T, path string) {
		for _, directory := range cgroupDirectories(path) {
			if !filepath.IsLocal(directory) || directory == "." {
				t.Errorf("path %q has the directory %q outside the hierarchy", path, directory)
			}
		}
	})
}
