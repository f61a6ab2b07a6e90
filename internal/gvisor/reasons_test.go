package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
)

// TestEveryReasonOfAdmissionOccurs compares the list with the reasons that
// TestRefusalReason expects. Those of discovery have a test there.
func TestEveryReasonOfAdmissionOccurs(t *testing.T) {
	expected := map[string]bool{}
	for _, test := range skipTests {
		expected[test.want] = true
	}
	delete(expected, "")
	listed := map[string]bool{}
	for _, reason := range admissionReasons {
		listed[reason.Name] = true
		assert.True(t, reason.IsAboutPath())
	}
	assert.Equal(t, expected, listed)
	assert.Len(t, new(Config).SkipReasons(), len(listed)+len(discovery.Reasons))
}
