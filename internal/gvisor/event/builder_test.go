package event

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var (
	// testStart is when the sandbox of a test starts.
	testStart = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	testHost  = Host{CPUs: 2, Memory: 8 << 30}
)

// newAccount returns the account of a sandbox that started at testStart and has
// these containers.
func newAccount(ids ...string) *Account {
	a := NewAccount(testHost)
	a.Reset(testStart, false)
	a.SetContainers(containersOf(ids...))
	return a
}

func containersOf(ids ...string) (list []Container) {
	for _, id := range ids {
		list = append(list, Container{ID: id})
	}
	return list
}

// response is a response to a successful call.
type response struct {
	memory, processes string
	interfaces        []string
	cpu               []string
}

func newResponse() *response { return &response{memory: "4096", processes: "1"} }

// cpuTime adds the CPU time of a container.
func (r *response) cpuTime(id string, time time.Duration) *response {
	r.cpu = append(r.cpu, fmt.Sprintf("%q:%d", id, time.Nanoseconds()))
	return r
}

// network adds a network interface with one counter.
func (r *response) network(name string, received uint64) *response {
	r.interfaces = append(r.interfaces, fmt.Sprintf(`{"Name":%q,"RxBytes":%d,"RxPackets":0,"TxBytes":0}`, name, received))
	return r
}

func (r *response) String() string {
	return `{"success":true,"err":"","result":{"event":{"type":"stats","id":"x","data":{"cpu":{"usage":{}},` +
		`"memory":{"usage":{"limit":0,"usage":` + r.memory + `,"failcnt":0},"swap":{"limit":0,"failcnt":0}},` +
		`"pids":{"current":` + r.processes + `},"network_interfaces":[` + strings.Join(r.interfaces, ",") + `]}},` +
		`"containerUsage":{` + strings.Join(r.cpu, ",") + `}}}`
}

// read reads a response of a container, after the given time since testStart, in a
// separate pull.
func read(a *Account, id string, after time.Duration, text string) (Figures, error) {
	a.Begin(testStart.Add(after))
	_, err := a.Read(id, strings.NewReader(text), func() time.Time { return testStart.Add(after) })
	var figures Figures
	a.Finish(&figures)
	return figures, err
}

// mustRead is read of a response that must be accepted.
func mustRead(t *testing.T, a *Account, id string, after time.Duration, text string) Figures {
	t.Helper()
	figures, err := read(a, id, after, text)
	require.NoError(t, err)
	return figures
}

// requireViolation requires that the response is rejected because of a rule.
func requireViolation(t *testing.T, err error, rule Rule) {
	t.Helper()
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	require.Equal(t, rule, violation.Rule, "%v", err)
	require.Equal(t, rule.Outcome(), sandbox.OutcomeOf(err))
}

// sample returns a response that a real sandbox has sent.
func sample(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	return string(data)
}

// slowReader returns at most size bytes per call, and io.EOF at the end.
type slowReader struct {
	text string
	size int
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.text == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.size)], r.text)
	r.text = r.text[n:]
	return n, nil
}
