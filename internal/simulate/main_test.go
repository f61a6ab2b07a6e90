package simulate

import (
	"encoding/json"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what ought to happen at once; nothing is asserted about how
// long it takes.
const patience = 20 * time.Second

func newFleet(t testing.TB, options Options) *Fleet {
	t.Helper()
	dir, err := os.MkdirTemp("", "simulate")
	require.NoError(t, err)
	fleet, err := NewFleet(dir, options)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, fleet.Close())
		require.NoError(t, os.RemoveAll(dir))
	})
	return fleet
}

func dial(t testing.TB, path string) *net.UnixConn {
	t.Helper()
	conn, err := host.DialUnix(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// snapshotAnswer is an answer to Metrics.Export, as anybody else decodes it.
type snapshotAnswer struct {
	Success bool   `json:"success"`
	Err     string `json:"err"`
	Result  struct {
		Snapshot struct {
			When time.Time       `json:"when"`
			Data []snapshotEntry `json:"data"`
		} `json:"snapshot"`
		RegisteredMetrics json.RawMessage
	} `json:"result"`
}

type snapshotEntry struct {
	Metric struct {
		Name string `json:"name"`
		Type int    `json:"type"`
		Help string `json:"help"`
	} `json:"metric"`
	Labels map[string]string `json:"labels"`
	Val    struct {
		Int int64 `json:"int"`
	} `json:"val"`
}

// caller makes calls on one connection.
type caller struct {
	t       testing.TB
	conn    *net.UnixConn
	decoder *json.Decoder
}

func newCaller(t testing.TB, path string) *caller {
	conn := dial(t, path)
	return &caller{t, conn, json.NewDecoder(conn)}
}

func (c *caller) call(request string) snapshotAnswer {
	c.t.Helper()
	_, err := c.conn.Write([]byte(request))
	require.NoError(c.t, err)
	return c.answer()
}

func (c *caller) answer() snapshotAnswer {
	c.t.Helper()
	var answer snapshotAnswer
	require.NoError(c.t, c.decoder.Decode(&answer))
	return answer
}

const exportAll = `{"method":"Metrics.Export","arg":{"only_metrics":""}}`

func seriesOf(e snapshotEntry) string { return e.Metric.Name + string(mustMarshal(e.Labels)) }

func valuesOf(t testing.TB, answer snapshotAnswer) map[string]int64 {
	t.Helper()
	require.True(t, answer.Success, answer.Err)
	values := make(map[string]int64)
	for _, entry := range answer.Result.Snapshot.Data {
		require.NotContains(t, values, seriesOf(entry))
		values[seriesOf(entry)] = entry.Val.Int
	}
	return values
}
