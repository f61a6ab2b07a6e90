package kubepod

import (
	"regexp"
	"testing"
)

// TestCharactersOfUUIDs compares the function with a regular expression for every byte
// at every position.
func TestCharactersOfUUIDs(t *testing.T) {
	const valid = "51cf5a9b-0d2f-4a3c-8f6e-0123456789ab"
	uuid := regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	for b := range 256 {
		for i := range valid {
			text := valid[:i] + string([]byte{byte(b)}) + valid[i+1:]
			if got, want := IsUUID(text), uuid.MatchString(text); got != want {
				t.Errorf("IsUUID(%q) = %v, want %v", text, got, want)
			}
		}
	}
}
