package sandboxreceiver

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"gopkg.in/yaml.v3"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// readmeSection returns the text of README.md below a heading, up to the next
// heading.
func readmeSection(t *testing.T, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(readme(t), "\n"+heading+"\n")
	require.True(t, found, heading)
	text, _, _ = strings.Cut(text, "\n#")
	return text
}

// Every example of one file is shown in full and equals it; the others are linked.
func TestReadmeShowsExamples(t *testing.T) {
	shown := regexp.MustCompile("(?s)<!-- (examples/[^ ]+) -->\n```yaml\n(.*?)```\n").FindAllStringSubmatch(readme(t), -1)
	var names []string
	for _, example := range shown {
		names = append(names, example[1])
		text, err := os.ReadFile(example[1])
		require.NoError(t, err)
		assert.Equal(t, string(text), example[2], "%s and README.md differ", example[1])
	}
	files, err := os.ReadDir("examples")
	require.NoError(t, err)
	for _, file := range files {
		if file.IsDir() {
			assert.Contains(t, readme(t), "](examples/"+file.Name()+"/README.md)", "README.md does not link to it")
			continue
		}
		assert.Contains(t, names, "examples/"+file.Name(), "README.md does not show it")
	}
}

// All shown configurations of the receiver are valid.
func TestReadmeConfigurationsAreValid(t *testing.T) {
	checked := 0
	for _, block := range regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```$").FindAllStringSubmatch(readme(t), -1) {
		var content map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(block[1]), &content), block[1])
		receivers, isMap := content["receivers"].(map[string]any)
		if !isMap {
			continue // The block has no receivers, or is a manifest of the builder.
		}
		for id, value := range receivers {
			keys, _ := value.(map[string]any)
			config := createDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(config), id)
			require.NoError(t, confmap.Validate(config), id)
			checked++
		}
	}
	assert.GreaterOrEqual(t, checked, 6)
}

// builderManifest is a configuration of the Collector Builder.
type builderManifest struct {
	Dist struct {
		Version string `yaml:"version"`
	} `yaml:"dist"`
	// Modules are the lists of modules by kind, such as receivers.
	Modules map[string][]builderModule `yaml:",inline"`
}

type builderModule struct {
	GoMod string `yaml:"gomod"`
	Path  string `yaml:"path"`
}

// The shown manifest has the versions of builder-config.yaml and of the builder, and
// uses a checkout of the receiver.
func TestReadmeManifestHasVersionsOfBuilderConfig(t *testing.T) {
	text := readmeSection(t, "## Build a Collector with this receiver")
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(text)
	require.Len(t, block, 2)
	var shown builderManifest
	require.NoError(t, yaml.Unmarshal([]byte(block[1]), &shown))
	built := manifest(t, "builder-config.yaml")

	for kind, modules := range shown.Modules {
		var versions []string
		for _, module := range built.Modules[kind] {
			versions = append(versions, module.GoMod)
		}
		for _, module := range modules {
			assert.Contains(t, versions, module.GoMod, kind)
		}
	}
	require.Len(t, shown.Modules["receivers"], 1)
	assert.Equal(t, "../sandboxreceiver", shown.Modules["receivers"][0].Path)
	release := matchIn(t, "internal/tools/go.mod", `collector/cmd/builder (v\S+)`)
	assert.Contains(t, text, release+" / v")
}

// The table of options has every key with its default.
func TestReadmeListsOptions(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	section := readme(t)
	_, section, found := strings.Cut(section, "\n## Options\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^`([a-z_:]+)` \\| `(.*?)` \\|").FindAllStringSubmatch(section, -1) {
		listed[row[1]] = row[2]
	}
	want := map[string]string{}
	collectOptions(want, "", reflect.ValueOf(*createDefaultConfig().(*Config)))
	assert.Equal(t, want, listed)
}

// collectOptions collects the keys of a configuration with their defaults. The part
// that mdatagen generates is documented in documentation.md.
func collectOptions(options map[string]string, prefix string, config reflect.Value) {
	for i := range config.NumField() {
		key := config.Type().Field(i).Tag.Get("mapstructure")
		value := config.Field(i)
		if value.Type() == reflect.TypeFor[metadata.EventsConfig]() {
			continue
		}
		if key == ",squash" && value.Type() != reflect.TypeFor[metadata.MetricsBuilderConfig]() {
			collectOptions(options, prefix, value)
		}
		if key == "" || key == ",squash" {
			continue
		}
		switch kind := value.Kind(); {
		case kind == reflect.Struct:
			collectOptions(options, prefix+key+"::", value)
		case kind == reflect.Slice:
			texts := make([]string, value.Len())
			for j := range texts {
				texts[j] = fmt.Sprint(value.Index(j))
			}
			options[prefix+key] = "[" + strings.Join(texts, ", ") + "]"
		case kind == reflect.Map && value.Len() == 0:
			options[prefix+key] = "{}"
		case kind == reflect.String && value.Len() == 0:
			options[prefix+key] = `""`
		default:
			options[prefix+key] = fmt.Sprint(value)
		}
	}
}
