package gvisor

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

const registeredRequest = `{"method":"Metrics.GetRegisteredMetrics","arg":{}}`

func checkLyingRegistration(t *testing.T, s *Sandbox) {
	assert.True(t, s.Options().Unregistered)
	text := string(newClient(t, s).call(registeredRequest).Result.RegisteredMetrics)
	assert.Contains(t, text, `{"name":"/fs/opens","prometheus_name":"fs_opens","description":"Help text of an attacker."}`)
	assert.Contains(t, text, `"name":"/a/b"`)
	assert.Contains(t, text, `"name":"/a_b"`)
}

func checkLargeRegistration(t *testing.T, s *Sandbox) { checkPartOfRegistration(t, s, 3_900_000) }

func checkStalledRegistration(t *testing.T, s *Sandbox) { checkPartOfRegistration(t, s, 230_000) }

// checkPartOfRegistration checks that a sandbox sends at least size bytes of a
// registration, and never its end.
func checkPartOfRegistration(t *testing.T, s *Sandbox, size int) {
	t.Helper()
	conn := simulatetest.Dial(t, s.SocketPath())
	_, err := conn.Write([]byte(registeredRequest))
	require.NoError(t, err)
	start := simulatetest.ReadBytes(t, conn, size)
	assert.True(t, bytes.HasPrefix(start, []byte(registrationHead)))
	rest := simulatetest.ReadUntilSilence(t, conn)
	assert.Less(t, len(rest), 100_000)
	assert.False(t, json.Valid(slices.Concat(start, rest)))
}

func checkDistinctRegistration(t *testing.T, s *Sandbox) {
	text := string(newClient(t, s).call(registeredRequest).Result.RegisteredMetrics)
	assert.InDelta(t, 240_000, len(text), 10_000)
	assert.Contains(t, text, s.ID())
}

func checkReservedLabels(t *testing.T, s *Sandbox) {
	assert.True(t, s.Options().Unregistered)
	text := string(newClient(t, s).call(registeredRequest).Result.RegisteredMetrics)
	for _, label := range reservedLabels {
		assert.Contains(t, text, `"field_name":"`+label+`"`)
	}
}
