package reader

import (
	"fmt"
	"regexp"
	"testing"
	"unicode"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// TestEveryCPUNumber parses all numbers that a sample may have and those beyond.
func TestEveryCPUNumber(t *testing.T) {
	for n := range 20_000 {
		want := n
		if n >= catalog.MaxCPUs {
			want = -1
		}
		if got := smallNumber(fmt.Append(nil, n)); got != want {
			t.Errorf("%d is %d, want %d", n, got, want)
		}
	}
	for _, text := range []string{"", "00", "01", "-1", "+1", " 1", "1.", "1:", "1/"} {
		if got := smallNumber([]byte(text)); got != -1 {
			t.Errorf("%q is %d, want -1", text, got)
		}
	}
}

// TestEveryCharacterOfALabel accepts all characters that are no control
// characters.
func TestEveryCharacterOfALabel(t *testing.T) {
	for r := range rune(0x300) {
		for _, text := range []string{string(r), "a" + string(r), string(r) + "a"} {
			if got, want := isPlainText([]byte(text)), !unicode.IsControl(r); got != want {
				t.Errorf("%q is accepted: %v, want %v", text, got, want)
			}
		}
	}
	for _, text := range []string{"", "\xc2", "a\xc2", "\xff", "\xc3\xc2"} {
		if isPlainText([]byte(text)) {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestEveryCharacterOfAMethod(t *testing.T) {
	method := regexp.MustCompile(`^[A-Za-z0-9_.]+$`)
	for b := range 256 {
		for _, text := range []string{string([]byte{byte(b)}), string([]byte{'a', byte(b)})} {
			if got, want := isMethodName([]byte(text)), method.MatchString(text); got != want {
				t.Errorf("%q is accepted: %v, want %v", text, got, want)
			}
		}
	}
	if isMethodName(nil) {
		t.Error("an empty name is accepted")
	}
}
