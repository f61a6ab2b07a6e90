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

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

// Every example is shown in full and equals its file.
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
		assert.Contains(t, names, "examples/"+file.Name(), "README.md does not show it")
	}
}

// The table of options has every key with its default.
func TestReadmeListsOptions(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	section := readme(t)
	_, section, found := strings.Cut(section, "\n## Options\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^`([a-z_.]+)` \\| `(.*?)` \\|").FindAllStringSubmatch(section, -1) {
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
		if key == ",squash" && value.Type() != reflect.TypeFor[metadata.MetricsBuilderConfig]() {
			collectOptions(options, prefix, value)
		}
		if key == "" || key == ",squash" {
			continue
		}
		switch kind := value.Kind(); {
		case kind == reflect.Struct:
			collectOptions(options, prefix+key+".", value)
		case kind == reflect.Slice:
			texts := make([]string, value.Len())
			for j := range texts {
				texts[j] = fmt.Sprint(value.Index(j))
			}
			options[prefix+key] = "[" + strings.Join(texts, ", ") + "]"
		case kind == reflect.String && value.Len() == 0:
			options[prefix+key] = `""`
		default:
			options[prefix+key] = fmt.Sprint(value)
		}
	}
}
