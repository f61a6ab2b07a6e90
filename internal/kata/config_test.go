package kata

import (
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestDefaultConfigIsValid(t *testing.T) {
	var config Config
	config.SetDefaults(sandbox.Default)
	if err := config.Check(); err != nil || !config.IsEnabled() {
		t.Errorf("enabled: %v, error: %v", config.IsEnabled(), err)
	}
}

func TestCheckReportsAllErrors(t *testing.T) {
	config := Config{
		Enabled:      true,
		StoragePaths: []string{"/run/kata", "run/vc"}, Collection: "always", Families: "some",
		UnknownFamilies: "keep", CRIEndpoint: "tcp://localhost", FilterFamily: []string{""},
	}
	err := config.Check()
	if err == nil {
		t.Fatal("got no error")
	}
	for _, key := range []string{
		"storage_paths::1", "collection", "families", "unknown_families", "cri_endpoint", "max_response_size", "filter_family",
	} {
		if !strings.Contains(err.Error(), key+":") {
			t.Errorf("error %q does not contain the key %s", err, key)
		}
	}
	config.Enabled = false
	if err := config.Check(); err != nil {
		t.Errorf("disabled configuration: %v", err)
	}
}

// A value that only resembles a valid one must not change which shims receive
// requests.
func TestCollectionMustMatchExactly(t *testing.T) {
	for _, collection := range []guard.Collection{"", "Auto", "SHIM", "shim "} {
		var config Config
		config.SetDefaults(sandbox.Default)
		config.Collection = collection
		if config.Check() == nil {
			t.Errorf("got no error for %q", collection)
		}
	}
}
