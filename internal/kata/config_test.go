package kata

import (
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
)

func TestDefaultConfigIsValid(t *testing.T) {
	var config Config
	config.SetDefaults()
	if err := config.Validate(); err != nil || !config.IsEnabled() {
		t.Errorf("%+v: %v", config, err)
	}
}

func TestValidateReportsAllErrors(t *testing.T) {
	bad := Config{
		Enabled:      true,
		StoragePaths: []string{"/run/kata", "run/vc"}, Collection: "always", Families: "some",
		UnknownFamilies: "keep", CRIEndpoint: "tcp://localhost", FilterFamily: []string{""},
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"storage_paths::1", "collection", "families", "unknown_families", "cri_endpoint", "max_response_size", "filter_family",
	} {
		if !strings.Contains(err.Error(), want+":") {
			t.Errorf("%s is not named in %q", want, err)
		}
	}
	bad.Enabled = false
	if err := bad.Validate(); err != nil {
		t.Errorf("disabled, but checked: %v", err)
	}
}

// Only the exact value makes the receiver less careful.
func TestCollectionHasNoOtherSpelling(t *testing.T) {
	for _, collection := range []guard.Collection{"", "Auto", "SHIM", "shim "} {
		var config Config
		config.SetDefaults()
		config.Collection = collection
		if config.Validate() == nil {
			t.Errorf("%q was accepted", collection)
		}
	}
}
