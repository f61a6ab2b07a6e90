package kata

import (
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestNewSaysAllThatIsWrong(t *testing.T) {
	good := settings(places{golang: "/run/vc/sbs", rust: "/run/kata"})
	if _, err := New(good, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	bad := Settings{
		StoragePaths: []string{"/run/kata", "run/vc"}, Collection: "always", Naming: "mine", Families: "some",
		UnknownFamilies: "keep", CRIEndpoint: "tcp://localhost",
	}
	_, err := New(bad, zap.NewNop())
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"storage_paths::1", "collection", "naming", "families", "unknown_families", "cri_endpoint", "max_response_size"} {
		if !strings.Contains(err.Error(), want+":") {
			t.Errorf("%s is not named in %q", want, err)
		}
	}
}

// Every value that opts in to less caution must be written out by the user.
func TestCollectionHasNoOtherSpelling(t *testing.T) {
	for _, collection := range []string{"", "Auto", "SHIM", "shim "} {
		s := settings(places{golang: "/run/vc/sbs"})
		s.Collection = collection
		if _, err := New(s, zap.NewNop()); err == nil {
			t.Errorf("%q was accepted", collection)
		}
	}
}
