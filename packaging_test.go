package sandboxreceiver

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// matchIn returns the first submatch of an expression in a file.
func matchIn(t *testing.T, file, expression string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	match := regexp.MustCompile(expression).FindSubmatch(text)
	require.NotNil(t, match, "%s does not contain %s", file, expression)
	return string(match[1])
}

func manifest(t *testing.T, file string) (m builderManifest) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &m))
	return m
}

// All files that contain the version of the project have the one of the Makefile.
func TestVersionOfProject(t *testing.T) {
	version := matchIn(t, "Makefile", `(?m)^VERSION \?= v(.+)$`)
	assert.Equal(t, version, matchIn(t, "CHANGELOG.md", `(?m)^## v(\S+)`))
	assert.Equal(t, version, matchIn(t, "README.md", `otelcol-sandbox_([^_]+)_linux_amd64`))
	assert.Equal(t, version, matchIn(t, "examples/docker/run", `:-otelcol-sandbox:v([^}]+)}`))
	for _, file := range []string{"builder-config.yaml", "builder-config.full.yaml"} {
		assert.Equal(t, version, manifest(t, file).Dist.Version, file)
	}
}

// The Collector for production has every component of the small one.
func TestFullManifestContainsSmallOne(t *testing.T) {
	small, full := manifest(t, "builder-config.yaml"), manifest(t, "builder-config.full.yaml")
	added := 0
	for kind, modules := range full.Modules {
		for _, module := range modules {
			if !slices.Contains(small.Modules[kind], module) {
				added++
			}
		}
	}
	for kind, modules := range small.Modules {
		for _, module := range modules {
			assert.Contains(t, full.Modules[kind], module, kind)
		}
	}
	assert.Positive(t, added)
}
