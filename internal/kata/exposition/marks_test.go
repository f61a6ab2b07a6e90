package exposition

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMarks(t *testing.T) {
	const first, second = "# HELP one ", "# HELP two "
	long := strings.Repeat("x", 2*WindowBytes)
	for _, test := range []lineTest{
		{"at the start of a line", "a 1\n# HELP one text\nb 1\n", []string{"a 1", "mark 0", "b 1"}},
		{"both marks", "# HELP one text\n# HELP two text\n", []string{"mark 0", "mark 1"}},
		{"similar comments", "# HELP on text\n# HELP oneb text\n", nil},
		{"after a line without a newline", "a 1# HELP one text\nb 1\n", []string{"a 1", "mark 0", "b 1"}},
		{"after half a line", "a{x=\"# HELP two text\nb 1\n", []string{"a " + badSyntax, "mark 1", "b 1"}},
		{"after a comment", "# HELP x # HELP one text\nb 1\n", []string{"mark 0", "b 1"}},
		{"twice in a line", "# HELP one # HELP one text\nb 1\n", []string{"mark 0", "mark 0", "b 1"}},
		{
			"both marks in a line", "a 1# HELP two # HELP one c 1\nb 1\n",
			[]string{"a 1", "mark 1", "mark 0", "b 1"},
		},
		{
			"both marks in a line, in their order", "a 1# HELP one # HELP two c 1\nb 1\n",
			[]string{"a 1", "mark 0", "mark 1", "b 1"},
		},
		{"both marks at the start of a line", "# HELP one # HELP two c 1\nb 1\n", []string{"mark 0", "mark 1", "b 1"}},
		{
			"nothing between a mark and the end of its line", "# HELP one \na 1\n# HELP one \nb 1\n",
			[]string{"mark 0", "a 1", "mark 0", "b 1"},
		},
		{"after the start of a mark", "## HELP# HELP one text\nb 1\n", []string{"mark 0", "b 1"}},
		{"after a long line", long + "# HELP one text\nb 1\n", []string{badLimit, "mark 0", "b 1"}},
		{"before a long comment", "# HELP one " + long + "\nb 1\n", []string{badLimit, "mark 0", "b 1"}},
		{
			"within a long comment", "# HELP one " + long + "# HELP two " + long + "\nb 1\n",
			[]string{badLimit, "mark 0", "mark 1", "b 1"},
		},
		{"at the end", "a 1\n# HELP one ", []string{"a 1", truncated}},
		{"truncated after a mark", "a 1\n" + long + "# HELP one x", []string{"a 1", badLimit, "mark 0", truncated}},
		{"truncated within a mark", long + "# HELP on", []string{badLimit, truncated}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, source := range []io.Reader{
				strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text)),
			} {
				if got := transcript(source, roomy, first, second); !slices.Equal(got, test.want) {
					t.Errorf("\n got %q\nwant %q", got, test.want)
				}
			}
		})
	}
}

// TestMarkAcrossWindows moves a mark across the end of the window.
func TestMarkAcrossWindows(t *testing.T) {
	const mark = "# HELP one "
	for shift := range 2 * len(mark) {
		text := strings.Repeat("x", WindowBytes-2*len(mark)+shift) + mark + "text\nb 1\n"
		want := []string{badLimit, "mark 0", "b 1"}
		if got := transcript(strings.NewReader(text), roomy, mark); !slices.Equal(got, want) {
			t.Errorf("shift %d: got %q, want %q", shift, got, want)
		}
	}
}
