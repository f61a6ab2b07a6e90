package exposition

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// roomy are limits that no line of these tests meets.
var roomy = Limits{Bytes: 1 << 20, Lines: 1 << 20, LineBytes: 4 << 10, Labels: 16, NameBytes: 256, ValueBytes: 1 << 10}

// transcript scans a text and writes down what the scanner said, an entry for
// each line.
func transcript(source io.Reader, limits Limits, marks ...string) []string {
	var (
		scanner Scanner
		parsed  Parsed
		entries []string
	)
	var all [][]byte
	for _, mark := range marks {
		all = append(all, []byte(mark))
	}
	scanner.Reset(source, limits, all...)
	for scanner.Next() {
		entry := ""
		switch scanner.Kind() {
		case Mark:
			entry = fmt.Sprintf("mark %d", scanner.Mark())
		case Type:
			entry = "type " + string(scanner.Name())
		case Bad:
			entry = "bad: " + scanner.Problem().Error()
		case Sample:
			entry = string(scanner.Name())
			if err := scanner.Parse(&parsed); err != nil {
				entry += " bad: " + err.Error()
				break
			}
			for _, label := range parsed.Labels {
				entry += fmt.Sprintf(" %s=%q", label.Name, label.Value)
			}
			entry += fmt.Sprintf(" %v", parsed.Value)
			if parsed.Timestamped {
				entry += " timestamped"
			}
		}
		entries = append(entries, entry)
	}
	if err := scanner.Err(); err != nil {
		entries = append(entries, "end: "+err.Error())
	}
	return entries
}

const (
	badSyntax = "bad: not in the exposition format"
	badQuoted = "bad: name in quotation marks"
	badLimit  = "bad: line exceeds a limit"
	cutShort  = "end: text ends in mid-line"
)

func TestScanner(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", nil},
		{"blank lines", "\n \t\n\n", nil},
		{"no labels", "up 1\n", []string{"up 1"}},
		{"leading and doubled blanks", " \tup \t 1\n", []string{"up 1"}},
		{"family", "# HELP a b\n# TYPE a gauge\na{item=\"x\"} 2\n", []string{"type a", `a item="x" 2`}},
		{"comments", "#\n# \n#x\n# TYPO a b\n# TYPEa gauge\n# TYPE\n# TYPE 1 gauge\n# HELP a TYPE b c\n", nil},
		{"type without a type", "# TYPE a\n#TYPE b\n", []string{"type a", "type b"}},
		{"colons in names", "a:b 1\n:c 2\n", []string{"a:b 1", ":c 2"}},
		{"labels in order", `a{y="1",x="2"} 3` + "\n", []string{`a y="1" x="2" 3`}},
		{"blanks around labels", `a { y = "1" , x = "2" , } 3` + "\n", []string{`a y="1" x="2" 3`}},
		{"no labels in braces", "a{} 1\na{ } 1\n", []string{"a 1", "a 1"}},
		{"value right after the brace", `a{x="1"}2` + "\n", []string{`a x="1" 2`}},
		{"escapes", `a{x="\\b\"c\nd",y="e"} 1` + "\n", []string{`a x="\\b\"c\nd" y="e" 1`}},
		{"two values with escapes", `a{x="\\",y="\n"} 1` + "\n", []string{`a x="\\" y="\n" 1`}},
		{"unknown escape", `a{x="\t"} 1` + "\n", []string{"a " + badSyntax}},
		{"escape at the end", `a{x="\` + "\n", []string{"a " + badSyntax}},
		{"escaped closing mark", `a{x="\"} 1` + "\n", []string{"a " + badSyntax}},
		{"empty value", `a{x=""} 1` + "\n", []string{`a x="" 1`}},
		{"value in UTF-8", `a{x="ß"} 1` + "\n", []string{`a x="ß" 1`}},
		{"value not in UTF-8", "a{x=\"\xff\"} 1\n", []string{"a " + badSyntax}},
		{"brace and comma in a value", `a{x="},{"} 1` + "\n", []string{`a x="},{" 1`}},
		{"duplicate label", `a{x="1",x="1"} 1` + "\n", []string{"a " + badSyntax}},
		{"reserved label", `a{__name__="b"} 1` + "\n", []string{"a " + badSyntax}},
		{
			"labels without end", `a{x="1"` + "\n" + `a{x="1",` + "\na{\na{x\na{x=\na{x=1}\n" + `a{x="1"x="2"} 1` + "\n" + `a{,} 1` + "\n" + `a{1="x"} 1` + "\n" + `a{x="1} 1` + "\n",
			slices.Repeat([]string{"a " + badSyntax}, 10),
		},
		{
			"numbers of Go", "a 5.5259241e+08\na +Inf\na -Inf\na NaN\na -0\na 1e-9\n",
			[]string{"a 5.5259241e+08", "a +Inf", "a -Inf", "a NaN", "a -0", "a 1e-09"},
		},
		{
			"numbers of Rust", "a inf\na -inf\na NaN\na 1.0700000524520874\na 249539891200\n",
			[]string{"a +Inf", "a -Inf", "a NaN", "a 1.0700000524520874", "a 2.495398912e+11"},
		},
		{
			"long integers", "a 999999999999999\na 9999999999999999\na 18446744073709551615\n",
			[]string{"a 9.99999999999999e+14", "a 1e+16", "a 1.8446744073709552e+19"},
		},
		{
			"other spellings", "a .5\na 5.\na +7\na 1E3\na INFINITY\na 007\n",
			[]string{"a 0.5", "a 5", "a 7", "a 1000", "a +Inf", "a 7"},
		},
		{
			"no numbers", "a\na \na x\na 1_0\na 0x1p4\na 1e\na e1\na .\na +\na -.e1\na +NaN\na 1e999\na 1\r\n",
			slices.Repeat([]string{"a " + badSyntax}, 13),
		},
		{"timestamps", "a 1 1600000000000\na 1 -1\na 1 2 \n", []string{"a 1 timestamped", "a 1 timestamped", "a 1 timestamped"}},
		{"no timestamps", "a 1 x\na 1 1.5\na 1 2 3\n", slices.Repeat([]string{"a " + badSyntax}, 3)},
		{"trailing blank", "a 1 \n", []string{"a 1"}},
		{
			"quoted names", `{"a.b"} 1` + "\n" + `{"a.b",x="1"} 1` + "\n" + `"a" 1` + "\n" + `a{"x"="1"} 1` + "\n" + `a"b" 1` + "\n" + `a{x"y"="1"} 1` + "\n",
			[]string{badQuoted, badQuoted, badQuoted, "a " + badQuoted, badQuoted, "a " + badQuoted},
		},
		{"no names", "1 2\n-a 1\n\x00 1\n}\n", slices.Repeat([]string{badSyntax}, 4)},
		{"bad line between good ones", "a 1\n!\nb 2\n", []string{"a 1", badSyntax, "b 2"}},
		{"cut in mid-line", "a 1\nb 2", []string{"a 1", cutShort}},
		{"cut in a comment", "a 1\n# HEL", []string{"a 1", cutShort}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The result must not depend on how the text arrives.
			for name, source := range map[string]io.Reader{
				"at once":          strings.NewReader(test.text),
				"bytewise":         iotest.OneByteReader(strings.NewReader(test.text)),
				"with the end":     iotest.DataErrReader(strings.NewReader(test.text)),
				"halves of wishes": iotest.HalfReader(strings.NewReader(test.text)),
			} {
				if got := transcript(source, roomy); !slices.Equal(got, test.want) {
					t.Errorf("%s:\n got %q\nwant %q", name, got, test.want)
				}
			}
		})
	}
}

func TestScannerLimits(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, test := range []struct {
		name, text string
		change     func(*Limits)
		want       []string
	}{
		{"line at its limit", "a 1\nb 22\n", func(l *Limits) { l.LineBytes = 4 }, []string{"a 1", "b 22"}},
		{"line over its limit", "a 1\nb 333\nc 1\n", func(l *Limits) { l.LineBytes = 4 }, []string{"a 1", badLimit, "c 1"}},
		{"comment over its limit", "a 1\n# HELP b\nc 1\n", func(l *Limits) { l.LineBytes = 4 }, []string{"a 1", badLimit, "c 1"}},
		{
			"line longer than the window", "a 1\n" + strings.Repeat("b", 3*WindowBytes) + "\nc 1\n", func(l *Limits) { l.LineBytes = 1 << 30 },
			[]string{"a 1", badLimit, "c 1"},
		},
		{"line without end", "a 1\n" + strings.Repeat("b", 3*WindowBytes), func(*Limits) {}, []string{"a 1", badLimit, cutShort}},
		{
			"names", "abc 1\nabcd 1\n# TYPE abcd x\na{abc=\"\"} 1\na{abcd=\"\"} 1\n", func(l *Limits) { l.NameBytes = 3 },
			[]string{"abc 1", badLimit, `a abc="" 1`, "a " + badLimit},
		},
		{
			"values", "a{x=\"" + long + "\"} 1\na{x=\"" + long + "x\"} 1\n", func(l *Limits) { l.ValueBytes = 100 },
			[]string{`a x="` + long + `" 1`, "a " + badLimit},
		},
		{
			"labels", `a{x="",y=""} 1` + "\n" + `a{x="",y="",z=""} 1` + "\n", func(l *Limits) { l.Labels = 2 },
			[]string{`a x="" y="" 1`, "a " + badLimit},
		},
		{"bytes at their limit", "a 1\nb 2\n", func(l *Limits) { l.Bytes = 8 }, []string{"a 1", "b 2"}},
		{"bytes over their limit", "a 1\nb 2\n", func(l *Limits) { l.Bytes = 7 }, []string{"a 1", "end: text is longer than its limit"}},
		{"lines at their limit", "a 1\n\nb 2\n", func(l *Limits) { l.Lines = 3 }, []string{"a 1", "b 2"}},
		{"lines over their limit", "a 1\n\nb 2\n", func(l *Limits) { l.Lines = 2 }, []string{"a 1", "end: text has more lines than its limit"}},
	} {
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

func TestScannerMarks(t *testing.T) {
	const first, second = "# HELP one ", "# HELP two "
	long := strings.Repeat("x", 2*WindowBytes)
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"at the start of a line", "a 1\n# HELP one text\nb 1\n", []string{"a 1", "mark 0", "b 1"}},
		{"both", "# HELP one text\n# HELP two text\n", []string{"mark 0", "mark 1"}},
		{"another comment", "# HELP on text\n# HELP oneb text\n", nil},
		{"behind a line without its newline", "a 1# HELP one text\nb 1\n", []string{"a 1", "mark 0", "b 1"}},
		{"behind half a line", "a{x=\"# HELP two text\nb 1\n", []string{"a " + badSyntax, "mark 1", "b 1"}},
		{"behind a comment", "# HELP x # HELP one text\nb 1\n", []string{"mark 0", "b 1"}},
		{"twice in a line", "# HELP one # HELP one text\nb 1\n", []string{"mark 0", "mark 0", "b 1"}},
		{"different ones in a line", "a 1# HELP two # HELP one c 1\nb 1\n", []string{"a 1", "mark 1", "mark 0", "b 1"}},
		{"overlapping beginnings", "## HELP# HELP one text\nb 1\n", []string{"mark 0", "b 1"}},
		{"behind a very long line", long + "# HELP one text\nb 1\n", []string{badLimit, "mark 0", "b 1"}},
		{"before a very long comment", "# HELP one " + long + "\nb 1\n", []string{badLimit, "mark 0", "b 1"}},
		{"in a very long comment", "# HELP one " + long + "# HELP two " + long + "\nb 1\n", []string{badLimit, "mark 0", "mark 1", "b 1"}},
		{"at the end", "a 1\n# HELP one ", []string{"a 1", cutShort}},
		{"cut after it", "a 1\n" + long + "# HELP one x", []string{"a 1", badLimit, "mark 0", cutShort}},
		{"cut within it", long + "# HELP on", []string{badLimit, cutShort}},
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

// TestScannerMarkAcrossWindows moves a mark over the places where the window
// ends.
func TestScannerMarkAcrossWindows(t *testing.T) {
	const mark = "# HELP one "
	for shift := range 2 * len(mark) {
		text := strings.Repeat("x", WindowBytes-2*len(mark)+shift) + mark + "text\nb 1\n"
		want := []string{badLimit, "mark 0", "b 1"}
		if got := transcript(strings.NewReader(text), roomy, mark); !slices.Equal(got, want) {
			t.Errorf("shift %d: got %q, want %q", shift, got, want)
		}
	}
}

// TestScannerSourceError checks that the lines before a failure count and that
// the failure is told.
func TestScannerSourceError(t *testing.T) {
	failure := errors.New("stalled")
	source := io.MultiReader(strings.NewReader("a 1\nb "), iotest.ErrReader(failure))
	var scanner Scanner
	scanner.Reset(source, roomy)
	var names []string
	for scanner.Next() {
		names = append(names, string(scanner.Name()))
	}
	if !slices.Equal(names, []string{"a"}) || !errors.Is(scanner.Err(), failure) || scanner.Bytes() != 6 {
		t.Errorf("names %q, error %v, %d bytes; want [a], %v, 6", names, scanner.Err(), scanner.Bytes(), failure)
	}
	if scanner.Next() {
		t.Error("Next is true after the end")
	}
}

// idle is a source that never has anything.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestScannerIdleSource(t *testing.T) {
	var scanner Scanner
	scanner.Reset(idle{}, roomy)
	if scanner.Next() || !errors.Is(scanner.Err(), io.ErrNoProgress) {
		t.Errorf("error %v, want %v", scanner.Err(), io.ErrNoProgress)
	}
}

func TestNumberIsExact(t *testing.T) {
	for _, want := range []float64{0, 1, 5.5259241e+08, 2.70553174016e+11, 1.8446744073709552e+19, 1.795168851244918e+09, 0.000148691, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		for _, text := range []string{fmt.Sprint(want), fmt.Sprintf("%.40g", want)} {
			if got, ok := number([]byte(text)); !ok || got != want {
				t.Errorf("number(%q) = %v, %v", text, got, ok)
			}
		}
	}
}

func TestScannerAllocates(t *testing.T) {
	text := strings.Repeat("# HELP a b\n# TYPE a gauge\na{item=\"b\",x=\"\\n\"} 5.5259241e+08\na bad\na +Inf 1\n", 100)
	var (
		scanner Scanner
		parsed  Parsed
		source  strings.Reader
	)
	scan := func() {
		source.Reset(text)
		scanner.Reset(&source, roomy)
		for scanner.Next() {
			if scanner.Kind() == Sample {
				_ = scanner.Parse(&parsed)
			}
		}
	}
	scan()
	if allocations := testing.AllocsPerRun(10, scan); allocations != 0 {
		t.Errorf("%v allocations, want none", allocations)
	}
}

func BenchmarkScanner(b *testing.B) {
	text := strings.Repeat("kata_guest_netdev_stat{interface=\"eth0\",item=\"recv_bytes\"} 5.69635724e+08\n", 1000)
	var (
		scanner Scanner
		parsed  Parsed
		source  strings.Reader
	)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		source.Reset(text)
		scanner.Reset(&source, roomy)
		for scanner.Next() {
			if err := scanner.Parse(&parsed); err != nil {
				b.Fatal(err)
			}
		}
	}
}
