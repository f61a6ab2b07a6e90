package storage

import (
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
