package exposition

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// lineTest is a text and the expected transcript of it.
type lineTest struct {
	name, text string
	want       []string
}

// runLineTests scans each text in several ways: the transcript must not depend on
// the size of the reads.
func runLineTests(t *testing.T, tests []lineTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, source := range map[string]io.Reader{
				"all at once":       strings.NewReader(test.text),
				"single bytes":      iotest.OneByteReader(strings.NewReader(test.text)),
				"data with EOF":     iotest.DataErrReader(strings.NewReader(test.text)),
				"half of each read": iotest.HalfReader(strings.NewReader(test.text)),
			} {
				if got := transcript(source, roomy); !slices.Equal(got, test.want) {
					t.Errorf("%s:\n got %q\nwant %q", name, got, test.want)
				}
			}
		})
	}
}

func TestLines(t *testing.T) {
	runLineTests(t, []lineTest{
		{"empty", "", nil},
		{"blank lines", "\n \t\n\n", nil},
		{"no labels", "up 1\n", []string{"up 1"}},
		{"leading and repeated blanks", " \tup \t 1\n", []string{"up 1"}},
		{"trailing blank", "a 1 \n", []string{"a 1"}},
		{"family", "# HELP a b\n# TYPE a gauge\na{item=\"x\"} 2\n", []string{"type a", `a item="x" 2`}},
		{"comments", "#\n# \n#x\n# TYPO a b\n# TYPEa gauge\n# TYPE\n# TYPE 1 gauge\n# HELP a TYPE b c\n", nil},
		{"type without a type", "# TYPE a\n#TYPE b\n", []string{"type a", "type b"}},
		{"colons in names", "a:b 1\n:c 2\n", []string{"a:b 1", ":c 2"}},
		{"invalid names", "1 2\n-a 1\n\x00 1\n}\n", slices.Repeat([]string{badSyntax}, 4)},
		{
			"quoted names",
			`{"a.b"} 1` + "\n" + `{"a.b",x="1"} 1` + "\n" + `"a" 1` + "\n" + `a{"x"="1"} 1` + "\n" + `a"b" 1` + "\n" +
				`a{x"y"="1"} 1` + "\n",
			[]string{badQuoted, badQuoted, badQuoted, "a " + badQuoted, badQuoted, "a " + badQuoted},
		},
		{"bad line between good ones", "a 1\n!\nb 2\n", []string{"a 1", badSyntax, "b 2"}},
		{"truncated line", "a 1\nb 2", []string{"a 1", truncated}},
		{"truncated comment", "a 1\n# HEL", []string{"a 1", truncated}},
	})
}

func TestLabels(t *testing.T) {
	runLineTests(t, []lineTest{
		{"labels in order", `a{y="1",x="2"} 3` + "\n", []string{`a y="1" x="2" 3`}},
		{"blanks around labels", `a { y = "1" , x = "2" , } 3` + "\n", []string{`a y="1" x="2" 3`}},
		{"no labels in braces", "a{} 1\na{ } 1\n", []string{"a 1", "a 1"}},
		{"value right after the brace", `a{x="1"}2` + "\n", []string{`a x="1" 2`}},
		{"escapes", `a{x="\\b\"c\nd",y="e"} 1` + "\n", []string{`a x="\\b\"c\nd" y="e" 1`}},
		{"two values with escapes", `a{x="\\",y="\n"} 1` + "\n", []string{`a x="\\" y="\n" 1`}},
		{"unknown escape", `a{x="\t"} 1` + "\n", []string{"a " + badSyntax}},
		{"escape at the end", `a{x="\` + "\n", []string{"a " + badSyntax}},
		{"escaped closing quotation mark", `a{x="\"} 1` + "\n", []string{"a " + badSyntax}},
		{"empty value", `a{x=""} 1` + "\n", []string{`a x="" 1`}},
		{"value in UTF-8", `a{x="ß"} 1` + "\n", []string{`a x="ß" 1`}},
		{"value not in UTF-8", "a{x=\"\xff\"} 1\n", []string{"a " + badSyntax}},
		{"brace and comma in a value", `a{x="},{"} 1` + "\n", []string{`a x="},{" 1`}},
		{"duplicate label", `a{x="1",x="1"} 1` + "\n", []string{"a " + badSyntax}},
		{"reserved label", `a{__name__="b"} 1` + "\n", []string{"a " + badSyntax}},
		{
			"malformed labels",
			`a{x="1"` + "\n" + `a{x="1",` + "\na{\na{x\na{x=\na{x=1}\n" + `a{x="1"x="2"} 1` + "\n" + `a{,} 1` + "\n" +
				`a{1="x"} 1` + "\n" + `a{x="1} 1` + "\n",
			slices.Repeat([]string{"a " + badSyntax}, 10),
		},
	})
}

func TestValues(t *testing.T) {
	runLineTests(t, []lineTest{
		{
			"numbers formatted by Go", "a 5.5259241e+08\na +Inf\na -Inf\na NaN\na -0\na 1e-9\n",
			[]string{"a 5.5259241e+08", "a +Inf", "a -Inf", "a NaN", "a -0", "a 1e-09"},
		},
		{
			"numbers formatted by Rust", "a inf\na -inf\na NaN\na 1.0700000524520874\na 249539891200\n",
			[]string{"a +Inf", "a -Inf", "a NaN", "a 1.0700000524520874", "a 2.495398912e+11"},
		},
		{
			"long integers", "a 999999999999999\na 9999999999999999\na 18446744073709551615\n",
			[]string{"a 9.99999999999999e+14", "a 1e+16", "a 1.8446744073709552e+19"},
		},
		{
			"other formats", "a .5\na 5.\na +7\na 1E3\na INFINITY\na 007\n",
			[]string{"a 0.5", "a 5", "a 7", "a 1000", "a +Inf", "a 7"},
		},
		{
			"not a number", "a\na \na x\na 1_0\na 0x1p4\na 1e\na e1\na .\na +\na -.e1\na +NaN\na 1e999\na 1\r\n",
			slices.Repeat([]string{"a " + badSyntax}, 13),
		},
		{
			"timestamps", "a 1 1600000000000\na 1 -1\na 1 2 \n",
			[]string{"a 1 timestamped", "a 1 timestamped", "a 1 timestamped"},
		},
		{"not a timestamp", "a 1 x\na 1 1.5\na 1 2 3\n", slices.Repeat([]string{"a " + badSyntax}, 3)},
	})
}
