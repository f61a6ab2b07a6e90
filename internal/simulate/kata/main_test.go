package kata

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStorage(tb testing.TB) *Storage {
	tb.Helper()
	dir := simulatetest.ShortTempDir(tb)
	storage := &Storage{GoPath: filepath.Join(dir, "go"), RustPath: filepath.Join(dir, "rust"), Seeds: simulate.NewSeeds(0)}
	for _, path := range []string{storage.GoPath, storage.RustPath} {
		require.NoError(tb, os.Mkdir(path, 0o755))
	}
	return storage
}

// addPod adds a pod to new storage paths.
func addPod(tb testing.TB, options Options) *Pod {
	tb.Helper()
	return addPodTo(tb, newStorage(tb), options)
}

func addPodTo(tb testing.TB, storage *Storage, options Options) *Pod {
	tb.Helper()
	if options.ID == "" {
		options.ID = storage.Seeds.ID()
	}
	p, err := New(storage, options)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, p.Remove()) })
	return p
}

// response is a response of a shim, read to its end.
type response struct {
	status   int
	header   http.Header
	encoding []string
	length   int64
	text     string
	err      error
}

// maxResponse is the size at which reading a response stops.
const maxResponse = 32 << 20

const getMetrics = "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n"

// get sends a request on a new connection.
func get(tb testing.TB, p *Pod, path string) response {
	tb.Helper()
	return request(tb, simulatetest.Dial(tb, p.SocketPath()), http.MethodGet, path)
}

func request(tb testing.TB, conn net.Conn, method, path string) response {
	tb.Helper()
	_, err := io.WriteString(conn, method+" "+path+" HTTP/1.1\r\nHost: shim\r\n\r\n")
	require.NoError(tb, err)
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(tb, err)
	data, failed := io.ReadAll(io.LimitReader(r.Body, maxResponse))
	if failed == nil && len(data) < maxResponse {
		require.NoError(tb, r.Body.Close())
	}
	return response{r.StatusCode, r.Header, r.TransferEncoding, r.ContentLength, string(data), failed}
}

// body returns the text of a complete response.
func body(tb testing.TB, r response) string {
	tb.Helper()
	require.NoError(tb, r.err)
	return r.text
}

// metrics requests the metrics of a pod on a new connection.
func metrics(tb testing.TB, p *Pod) string {
	tb.Helper()
	return body(tb, get(tb, p, "/metrics"))
}

func parse(tb testing.TB, text string) map[string]*dto.MetricFamily {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(tb, err)
	return families
}

// samples counts the lines with a value.
func samples(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

func familyNames(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, "# TYPE "); found {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}
