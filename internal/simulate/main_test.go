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

func newFleet(tb testing.TB, options Options) *Fleet {
	tb.Helper()
	dir, err := os.MkdirTemp("", "simulate") //nolint:usetesting // socket paths have to be short
	require.NoError(tb, err)
	fleet, err := NewFleet(dir, options)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		require.NoError(tb, fleet.Close())
		require.NoError(tb, os.RemoveAll(dir))
	})
	return fleet
}

func dial(tb testing.TB, path string) *net.UnixConn {
	tb.Helper()
	conn, err := host.DialUnix(tb.Context(), path)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	require.NoError(tb, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// snapshotAnswer is an answer to Metrics.Export, decoded by the standard library.
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

func newCaller(tb testing.TB, path string) *caller {
	tb.Helper()
	conn := dial(tb, path)
	return &caller{tb, conn, json.NewDecoder(conn)}
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

func valuesOf(tb testing.TB, answer snapshotAnswer) map[string]int64 {
	tb.Helper()
	require.True(tb, answer.Success, answer.Err)
	values := make(map[string]int64)
	for _, entry := range answer.Result.Snapshot.Data {
		require.NotContains(tb, values, seriesOf(entry))
		values[seriesOf(entry)] = entry.Val.Int
	}
	return values
}
