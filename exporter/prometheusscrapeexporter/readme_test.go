package prometheusscrapeexporter

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README shows every file of the example in full.
func TestReadmeShowsExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	shown := make(map[string]string)
	pattern := regexp.MustCompile("(?s)<!-- example/([^ ]+) -->\n```yaml\n(.*?)```\n")
	for _, block := range pattern.FindAllStringSubmatch(string(readme), -1) {
		shown[block[1]] = block[2]
	}
	files, err := os.ReadDir("example")
	require.NoError(t, err)
	assert.Len(t, shown, len(files))
	for _, file := range files {
		text, err := os.ReadFile("example/" + file.Name())
		require.NoError(t, err)
		assert.Equal(t, string(text), shown[file.Name()], file.Name())
	}
}
