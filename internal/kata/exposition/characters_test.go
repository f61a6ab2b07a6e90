package exposition

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryCharacterOfNames uses every byte at the beginning and in the rest of a
// name: a gap at either end of a range of characters would lose metrics.
func TestEveryCharacterOfNames(t *testing.T) {
	for expression, class := range map[string][2]uint8{
		`^[a-zA-Z_:][a-zA-Z0-9_:]*$`: {nameStart, nameByte},
		`^[a-zA-Z_][a-zA-Z0-9_]*$`:   {labelStart, labelByte},
	} {
		valid := regexp.MustCompile(expression)
		for b := range 256 {
			for at, text := range []string{string([]byte{byte(b)}), string([]byte{'a', byte(b)})} {
				if got, want := classes[b]&class[at] != 0, valid.MatchString(text); got != want {
					t.Errorf("%q at position %d of %s is allowed: %v, want %v", b, at, expression, got, want)
				}
			}
		}
	}
}

// TestDeclaredNamesAtTheirLimit declares families whose names are as long as
// allowed, and longer ones, which are comments.
func TestDeclaredNamesAtTheirLimit(t *testing.T) {
	var s Scanner
	limits := roomy
	limits.NameBytes = 3
	s.Reset(strings.NewReader("# TYPE abc gauge\n# TYPE abcd gauge\n# TYPE xyz gauge\n"), limits)
	var names []string
	for s.Next() {
		if s.Kind() != Type {
			t.Errorf("got kind %v, want %v", s.Kind(), Type)
		}
		names = append(names, string(s.Name()))
	}
	if want := []string{"abc", "xyz"}; s.Err() != nil || !slices.Equal(names, want) {
		t.Errorf("got %q, %v; want %q", names, s.Err(), want)
	}
}

// TestNumbersOfEveryLength compares numbers of all lengths with strconv.
func TestNumbersOfEveryLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	digits := func(n int) string {
		var text strings.Builder
		for range n {
			text.WriteString(strconv.Itoa(random.IntN(10)))
		}
		return text.String()
	}
	for whole := range 20 {
		for fraction := range 20 {
			text := digits(whole) + "." + digits(fraction)
			for _, text := range []string{text, "-" + text, text + "e5", text + "E-" + digits(2), digits(whole)} {
				want, err := strconv.ParseFloat(text, 64)
				if got, ok := number([]byte(text)); ok != (err == nil) || ok && got != want {
					t.Errorf("number(%q) = %v, %v; want %v, %v", text, got, ok, want, err)
				}
			}
		}
	}
}

func TestSignIsNoTimestamp(t *testing.T) {
	for _, sign := range []string{"+", "-"} {
		got := transcript(strings.NewReader(fmt.Sprintf("a 1 %s\n", sign)), roomy)
		if want := []string{"a " + badSyntax}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
