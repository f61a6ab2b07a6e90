package pdataconv

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestImageName(t *testing.T) {
	digest := "sha256:" + strings.Repeat("4d", 32)
	for image, want := range map[string]string{
		"":                                   "",
		"busybox":                            "busybox",
		"busybox:1.37":                       "busybox",
		"docker.io/library/busybox:1.37":     "docker.io/library/busybox",
		"registry.example.com:5000/web":      "registry.example.com:5000/web",
		"registry.example.com:5000/web:2":    "registry.example.com:5000/web",
		"registry.example.com/web@" + digest: "registry.example.com/web",
		"localhost:5000/a/web:2@" + digest:   "localhost:5000/a/web",
		digest:                               "",
		"@" + digest:                         "",
		"shop/sha256:2":                      "shop/sha256",
	} {
		assert.Equal(t, want, imageName(image), image)
	}
}
