package output

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEntries(t *testing.T) {
	entries := []Entry{
		{Status: Cell{"ok", Green}, Title: "user: root", Fields: []Field{{"evidence", "a\x1b[2J\nb"}, {"remedy", ""}}},
		{Status: Cell{"problem", Red}, Title: "a\rb"},
	}
	var text bytes.Buffer
	require.NoError(t, writeEntries(&text, entries, false))
	assert.Equal(t, "ok        user: root\n          evidence: a\\x1b[2J\\nb\nproblem   a\\rb\n", text.String())
	text.Reset()
	require.NoError(t, writeEntries(&text, entries, true))
	assert.Contains(t, text.String(), "\x1b[32mok\x1b[0m        user: root\n")
	text.Reset()
	require.NoError(t, WriteEntries(&text, entries))
	assert.NotContains(t, text.String(), "\x1b", "colors are for terminals only")
}
