package output

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func exampleTable() *Table {
	table := &Table{Columns: []Column{{Header: "NAME"}, {Header: "VERSION", Wide: true}, {Header: "SIZE", Right: true}, {Header: "STATE"}}}
	table.Add(Text("web"), Text("1"), Text("1024"), Cell{"running", Green})
	table.Add(Text("größer"), Text(""), Text("7"), Text(""))
	return table
}

func TestTable(t *testing.T) {
	for name, test := range map[string]struct {
		wide, colored bool
		want          string
	}{
		"table": {false, false, "" +
			"NAME     SIZE   STATE\n" +
			"web      1024   running\n" +
			"größer      7   -\n"},
		"wide": {true, false, "" +
			"NAME     VERSION   SIZE   STATE\n" +
			"web      1         1024   running\n" +
			"größer   -            7   -\n"},
		"colored": {false, true, "" +
			"NAME     SIZE   STATE\n" +
			"web      1024   \x1b[32mrunning\x1b[0m\n" +
			"größer      7   -\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			require.NoError(t, exampleTable().write(&text, test.wide, test.colored))
			assert.Equal(t, test.want, text.String())
		})
	}
}

func TestNoColorsWithoutTerminal(t *testing.T) {
	assert.False(t, Colored(&bytes.Buffer{}))
	file, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	assert.False(t, Colored(file))
}

func TestTableEscapes(t *testing.T) {
	table := &Table{Columns: []Column{{Header: "A"}}}
	table.Add(Cell{"a\x1b[31m\nb\xff", Red})
	var text bytes.Buffer
	require.NoError(t, table.write(&text, false, true))
	assert.Equal(t, "A\n\x1b[31ma\\x1b[31m\\nb\\xff\x1b[0m\n", text.String())
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "",
		"größer 😀 \"x\" \\": "größer 😀 \"x\" \\",
		"\x1b]0;title\a":    `\x1b]0;title\a`,
		"a\u202eb":          `a\u202eb`,
		"\u009b31m":         `\u009b31m`,
		"\xc3":              `\xc3`,
		"\uFFFD":            "\uFFFD",
	} {
		assert.Equal(t, want, Escape(text))
	}
}

func TestWrite(t *testing.T) {
	value := []map[string]any{{"b": "1", "a": 2.5, "list": []string{}, "text": "<&>"}}
	for format, want := range map[Format]string{
		TableFormat: "NAME     SIZE   STATE\nweb      1024   running\ngrößer      7   -\n",
		JSONFormat:  "[\n  {\n    \"a\": 2.5,\n    \"b\": \"1\",\n    \"list\": [],\n    \"text\": \"<&>\"\n  }\n]\n",
		YAMLFormat:  "- a: 2.5\n  b: \"1\"\n  list: []\n  text: <&>\n",
	} {
		var text bytes.Buffer
		require.NoError(t, Write(&text, format, value, exampleTable))
		assert.Equal(t, want, text.String())
	}
	var line bytes.Buffer
	require.NoError(t, JSONLine(&line, value))
	assert.Equal(t, `[{"a":2.5,"b":"1","list":[],"text":"<&>"}]`+"\n", line.String())
}

func TestFlag(t *testing.T) {
	flag := &Flag{Format: TableFormat, Allowed: []Format{TableFormat, JSONFormat}}
	assert.Equal(t, "table", flag.String())
	assert.Equal(t, "table|json", flag.Type())
	require.NoError(t, flag.Set("json"))
	assert.Equal(t, JSONFormat, flag.Format)
	require.EqualError(t, flag.Set("wide"), "must be one of table, json")
}

// TestHostileTextInDocuments writes control characters of all kinds as JSON and YAML: the
// output contains none, and has the same value when it is read.
func TestHostileTextInDocuments(t *testing.T) {
	value := map[string]string{"name": "a\x1b[31m\x7f\u0080\u009b31m\u202e\ufeff\ufffe\U0001f600\U000e0001\nb"}
	for format, write := range map[string]func(io.Writer, any) error{"json": JSON, "line": JSONLine, "yaml": YAML} {
		t.Run(format, func(t *testing.T) {
			var text bytes.Buffer
			require.NoError(t, write(&text, value))
			for _, control := range []string{"\x1b", "\x7f", "\u0080", "\u009b"} {
				assert.NotContains(t, text.String(), control)
			}
			read := map[string]string{}
			require.NoError(t, yaml.Unmarshal(text.Bytes(), &read))
			assert.Equal(t, value, read)
		})
	}
}

func TestEscapeLines(t *testing.T) {
	assert.Equal(t, "a\\x1b[1m\n\\tb\n", EscapeLines("a\x1b[1m\n\tb\n"))
}
