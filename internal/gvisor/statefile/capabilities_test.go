package statefile

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCapabilities(t *testing.T) {
	var set Capabilities
	for _, name := range []string{"CAP_NET_RAW", "CAP_CHOWN", "CAP_CHOWN", "CAP_NO_SUCH", "KILL"} {
		set.add([]byte(name))
	}
	assert.Equal(t, []string{"CHOWN", "KILL", "NET_RAW"}, slices.Collect(set.Names()))
	assert.Len(t, slices.Collect(Capabilities(1<<64-1).Names()), len(capabilityNames), "unknown bits must be ignored")
	for range set.Names() {
		break
	}
	assert.Equal(t, set, set.Select(func(string) bool { return true }))
	netRaw := set.Select(func(name string) bool { return name == "NET_RAW" })
	assert.Equal(t, []string{"NET_RAW"}, slices.Collect(netRaw.Names()))
	assert.Equal(t, AllCapabilities, AllCapabilities.Select(func(string) bool { return true }))
}
