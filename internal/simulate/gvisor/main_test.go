package gvisor

import (
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const metricServer = "%RUNTIME_ROOT%/metrics.sock"

func newRoot(tb testing.TB) *Root {
	tb.Helper()
	return &Root{Directory: simulatetest.ShortTempDir(tb), MetricServer: metricServer, Seeds: simulate.NewSeeds(0)}
}

// addSandbox adds a sandbox to a new runtime root.
func addSandbox(tb testing.TB, options Options) *Sandbox {
	tb.Helper()
	return addSandboxTo(tb, newRoot(tb), options)
}

func addSandboxTo(tb testing.TB, root *Root, options Options) *Sandbox {
	tb.Helper()
	if options.ID == "" {
		options.ID = root.Seeds.ID()
	}
	s, err := New(root, options)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Remove()) })
	return s
}

// snapshotResponse is a response to any request, decoded by the standard
// library.
type snapshotResponse struct {
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

// client sends requests on one connection.
type client struct {
	t       testing.TB
	conn    *net.UnixConn
	decoder *json.Decoder
}

func newClient(tb testing.TB, s *Sandbox) *client {
	tb.Helper()
	conn := simulatetest.Dial(tb, s.SocketPath())
	return &client{tb, conn, json.NewDecoder(conn)}
}

func (c *client) call(request string) snapshotResponse {
	c.t.Helper()
	_, err := c.conn.Write([]byte(request))
	require.NoError(c.t, err)
	return c.response()
}

func (c *client) response() snapshotResponse {
	c.t.Helper()
	var response snapshotResponse
	require.NoError(c.t, c.decoder.Decode(&response))
	return response
}

const exportAll = `{"method":"Metrics.Export","arg":{"only_metrics":""}}`

// export requests a snapshot on a new connection.
func export(tb testing.TB, s *Sandbox) snapshotResponse {
	tb.Helper()
	return newClient(tb, s).call(exportAll)
}

// seriesOf returns the name and the labels of an entry as one string.
func seriesOf(e snapshotEntry) string { return fmt.Sprintf("%s %v", e.Metric.Name, e.Labels) }

// valuesOf returns the value of each series.
func valuesOf(tb testing.TB, response snapshotResponse) map[string]int64 {
	tb.Helper()
	require.True(tb, response.Success, response.Err)
	values := make(map[string]int64)
	for _, entry := range response.Result.Snapshot.Data {
		require.NotContains(tb, values, seriesOf(entry))
		values[seriesOf(entry)] = entry.Val.Int
	}
	return values
}
