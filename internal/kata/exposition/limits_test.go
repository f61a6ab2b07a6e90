package exposition

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

var longValue = strings.Repeat("x", 100)

var limitTests = []struct {
	name, text string
	change     func(*Limits)
	want       []string
}{
	{
		"line at its limit", "a 1\nb 22\n",
		func(l *Limits) { l.LineBytes = 4 },
		[]string{"a 1", "b 22"},
	},
	{
		"line over its limit", "a 1\nb 333\nc 1\n",
		func(l *Limits) { l.LineBytes = 4 },
		[]string{"a 1", badLimit, "c 1"},
	},
	{
		"comment over the limit of a line", "a 1\n# HELP b\nc 1\n",
		func(l *Limits) { l.LineBytes = 4 },
		[]string{"a 1", badLimit, "c 1"},
	},
	{
		"line longer than the window", "a 1\n" + strings.Repeat("b", 3*WindowBytes) + "\nc 1\n",
		func(l *Limits) { l.LineBytes = 1 << 30 },
		[]string{"a 1", badLimit, "c 1"},
	},
	{
		"long line without a newline", "a 1\n" + strings.Repeat("b", 3*WindowBytes),
		func(*Limits) {},
		[]string{"a 1", badLimit, truncated},
	},
	{
		"names", "abc 1\nabcd 1\n# TYPE abcd x\na{abc=\"\"} 1\na{abcd=\"\"} 1\n",
		func(l *Limits) { l.NameBytes = 3 },
		[]string{"abc 1", badLimit, `a abc="" 1`, "a " + badLimit},
	},
	{
		"values", "a{x=\"" + longValue + "\"} 1\na{x=\"" + longValue + "x\"} 1\n",
		func(l *Limits) { l.ValueBytes = 100 },
		[]string{`a x="` + longValue + `" 1`, "a " + badLimit},
	},
	{
		"labels", `a{x="",y=""} 1` + "\n" + `a{x="",y="",z=""} 1` + "\n",
		func(l *Limits) { l.Labels = 2 },
		[]string{`a x="" y="" 1`, "a " + badLimit},
	},
	{
		"bytes at their limit", "a 1\nb 2\n",
		func(l *Limits) { l.Bytes = 8 },
		[]string{"a 1", "b 2"},
	},
	{
		"bytes over their limit", "a 1\nb 2\n",
		func(l *Limits) { l.Bytes = 7 },
		[]string{"a 1", "end: text exceeds the size limit"},
	},
	{
		"lines at their limit", "a 1\n\nb 2\n",
		func(l *Limits) { l.Lines = 3 },
		[]string{"a 1", "b 2"},
	},
	{
		"lines over their limit", "a 1\n\nb 2\n",
		func(l *Limits) { l.Lines = 2 },
		[]string{"a 1", "end: text exceeds the line limit"},
	},
}

func TestLimits(t *testing.T) {
	for _, test := range limitTests {
		t.Run(test.name, func(t *testing.T) {
			limits := roomy
			test.change(&limits)
			for _, source := range []io.Reader{
				strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text)),
			} {
				if got := transcript(source, limits); !slices.Equal(got, test.want) {
					t.Errorf("\n got %q\nwant %q", got, test.want)
				}
			}
		})
	}
}
