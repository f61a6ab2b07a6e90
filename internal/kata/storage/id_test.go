package storage

import (
	"regexp"
	"strings"
	"testing"
)

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		webID: true, "web-0": true, "a.": true, "0_": true, strings.Repeat("a", 255): true,
		"": false, "a": false, ".a": false, "-a": false, "_a": false, "..": false, "a/b": false,
		"a b": false, "a\x00": false, "ä0": false, strings.Repeat("a", 256): false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v, want %v", id, got, want)
		}
	}
}

// TestCharactersOfIDs compares the function with a regular expression for every
// byte at every kind of position: a gap at either end of a range of characters
// would hide sandboxes.
func TestCharactersOfIDs(t *testing.T) {
	id := regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]+$`)
	for b := range 256 {
		character := string([]byte{byte(b)})
		for _, text := range []string{character + "a", "a" + character} {
			if got, want := ValidID(text), id.MatchString(text); got != want {
				t.Errorf("ValidID(%q) = %v, want %v", text, got, want)
			}
		}
	}
}
