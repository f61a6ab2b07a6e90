package reason

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestListIsComplete checks each entry: what tables and tools show must be there.
func TestListIsComplete(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	sentences := regexp.MustCompile(`^[A-Za-z0-9` + "`" + `][^|\n]*\.$`)
	seen := map[[2]string]bool{}
	for _, r := range All() {
		t.Run(r.Runtime+" "+r.Name, func(t *testing.T) {
			assert.Regexp(t, "^[a-z_]+$", r.Name)
			assert.Regexp(t, sentences, r.Cause)
			assert.Regexp(t, sentences, r.Remedy)
			assert.NotContains(t, r.Cause+r.Remedy, "](", "tools print the text as it is")
			assert.Contains(t, names, r.Runtime)
			if r.See != "" {
				assert.Regexp(t, "(?m)^##+ "+regexp.QuoteMeta(r.See)+"$", string(readme), "there is no such section")
			}
			key := [2]string{r.Runtime, r.Name}
			assert.False(t, seen[key] || seen[[2]string{"", r.Name}], "the reason is listed twice")
			seen[key] = true
			assert.Subset(t, sandbox.States, r.States)
			found, ok := Find(r.Runtime, r.Name)
			assert.True(t, ok)
			assert.Equal(t, r, found)
		})
	}
}

func TestFind(t *testing.T) {
	for _, runtime := range []string{sandbox.RuntimeGVisor, sandbox.RuntimeKata} {
		excluded, ok := Find(runtime, "excluded")
		assert.True(t, ok, "the reason belongs to all runtimes")
		assert.True(t, excluded.IsAboutPath())
		unreadable, ok := Find(runtime, "unreadable")
		assert.True(t, ok)
		assert.Equal(t, runtime, unreadable.Runtime, "each runtime has its own cause and remedy")
	}
	_, ok := Find(sandbox.RuntimeKata, "leftover")
	assert.False(t, ok, "the reason belongs to another runtime")
	_, ok = Find(sandbox.RuntimeGVisor, "unknown")
	assert.False(t, ok)
}
