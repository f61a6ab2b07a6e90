package gvisor

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

// modeChecks hold one check per mode, which verifies that a sandbox behaves as
// the mode's description states.
var modeChecks = map[simulate.Mode]func(*testing.T, *Sandbox){
	Refuse:        checkRefuse,
	Stall:         checkStall,
	StallMidway:   checkStallMidway,
	Trickle:       checkTrickle,
	Truncated:     checkTruncated,
	Garbage:       checkGarbage,
	EndlessString: checkEndlessString,
	EndlessArray:  checkEndlessArray,
	DeepNesting:   checkDeepNesting,
	Huge:          checkHuge,
	Late:          checkLate,
	Descriptors:   checkDescriptors,
	CounterDown:   checkCounterDown,
	UnknownMetric: checkUnknownMetric,
	HelpChanged:   checkHelpChanged,
	Duplicate:     checkDuplicate,
	Future:        checkFuture,
	Old:           checkOld,
	FilterIgnored: checkFilterIgnored,
	WrongPeer:     checkWrongPeer,
	HalfWritten:   checkHalfWritten,
	Locked:        checkLocked,
	HiddenProcess: checkHiddenProcess,
	ClockBack:     checkClockBack,
	ClockAhead:    checkClockAhead,
	CreatedAhead:  checkCreatedAhead,

	MixedAnnotations: checkMixedAnnotations,

	LyingRegistration: checkLyingRegistration,
	ReservedLabels:    checkReservedLabels,

	LargeRegistration:    checkLargeRegistration,
	StalledRegistration:  checkStalledRegistration,
	DistinctRegistration: checkDistinctRegistration,
}

func TestEachModeMatchesItsDescription(t *testing.T) {
	for _, info := range Modes() {
		t.Run(string(info.Mode), func(t *testing.T) {
			assert.NotEmpty(t, info.Description)
			assert.False(t, info.Mode.ForKata())
			s := addSandbox(t, Options{Mode: info.Mode, Delay: 150 * time.Millisecond})
			_, err := os.Stat(s.StatePath())
			require.NoError(t, err)
			require.Contains(t, modeChecks, info.Mode, "each mode needs a check")
			modeChecks[info.Mode](t, s)
		})
	}
	assert.Len(t, modeChecks, len(Modes()))
}

func TestPackageDocumentationListsEachMode(t *testing.T) {
	data, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, info := range Modes() {
		assert.Regexp(t, `//.* `+string(info.Mode)+`[,.]`, string(data))
	}
}

func TestInvalidOptions(t *testing.T) {
	root := newRoot(t)
	for text, options := range map[string]Options{
		`invalid mode "nonsense"`:                {Mode: "nonsense"},
		`invalid mode "kata-huge"`:               {Mode: "kata-huge"},
		"invalid number of points 1: ":           {Points: 1},
		"invalid number of points 1000000: must": {Points: 1_000_000},
	} {
		_, err := New(root, options)
		require.ErrorContains(t, err, text)
	}
}

func checkRefuse(t *testing.T, s *Sandbox) {
	_, err := host.DialUnix(t.Context(), s.SocketPath())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func checkStall(t *testing.T, s *Sandbox) {
	conn := send(t, s)
	require.Eventually(t, func() bool { return s.Load().Calls > 0 }, simulatetest.Timeout, time.Millisecond)
	assert.Empty(t, simulatetest.ReadUntilSilence(t, conn))
	assert.Equal(t, 1, s.Load().Connections)
}

func checkStallMidway(t *testing.T, s *Sandbox) {
	conn := send(t, s)
	start := simulatetest.ReadBytes(t, conn, 1000)
	assert.True(t, bytes.HasPrefix(start, []byte(snapshotHead)))
	assert.False(t, json.Valid(slices.Concat(start, simulatetest.ReadUntilSilence(t, conn))))
}

func checkTrickle(t *testing.T, s *Sandbox) {
	conn := send(t, s)
	buffer := make([]byte, 64)
	for i := range 10 {
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		assert.LessOrEqual(t, n, 5, "read %d", i)
	}
}

func checkTruncated(t *testing.T, s *Sandbox) {
	response, err := io.ReadAll(send(t, s))
	require.NoError(t, err)
	assert.Greater(t, len(response), 1000)
	assert.False(t, json.Valid(response))
}

func checkGarbage(t *testing.T, s *Sandbox) {
	response := simulatetest.ReadBytes(t, send(t, s), 4<<10)
	assert.False(t, bytes.HasPrefix(response, []byte("{")) && json.Valid(response))
}

func checkEndlessString(t *testing.T, s *Sandbox) {
	response := simulatetest.ReadBytes(t, send(t, s), 8<<20)
	assert.Equal(t, 5, bytes.Count(response, []byte(`"`)), "no quote follows the one that opens the string")
}

func checkEndlessArray(t *testing.T, s *Sandbox) {
	response := simulatetest.ReadBytes(t, send(t, s), 8<<20)
	end := bytes.LastIndex(response, []byte(`},{"metric":`))
	assert.True(t, json.Valid(append(response[:end+1:end+1], `]}}}`...)), "the first points are valid JSON")
}

func checkDeepNesting(t *testing.T, s *Sandbox) {
	var value any
	err := json.NewDecoder(send(t, s)).Decode(&value)
	require.ErrorContains(t, err, "exceeded max depth")
	// The response ends, and the connection stays open.
	response := readBalanced(t, send(t, s))
	assert.Equal(t, 1_000_000+1, bytes.Count(response, []byte(`[`)))
	assert.Equal(t, bytes.Count(response, []byte(`[`)), bytes.Count(response, []byte(`]`)))
}

func checkHuge(t *testing.T, s *Sandbox) {
	response := readBalanced(t, send(t, s))
	assert.InEpsilon(t, hugeSize, len(response), 0.01)
	// Decoding the whole response would take longer than all other tests.
	assert.True(t, bytes.HasPrefix(response, []byte(snapshotHead)))
	chunk := manyEntries()
	assert.True(t, bytes.HasSuffix(response, append(chunk[:len(chunk)-1:len(chunk)-1], `]}}}`...)))
	assert.True(t, json.Valid(slices.Concat([]byte("["), chunk[:len(chunk)-1], []byte("]"))))
}

func checkLate(t *testing.T, s *Sandbox) {
	start := time.Now()
	response := readBalanced(t, send(t, s))
	assert.GreaterOrEqual(t, time.Since(start), s.options.Delay)
	assert.True(t, json.Valid(response))
}

func checkDescriptors(t *testing.T, s *Sandbox) {
	conn := send(t, s)
	buffer, control := make([]byte, 64<<10), make([]byte, 64<<10)
	n, nControl, _, _, err := conn.ReadMsgUnix(buffer, control)
	require.NoError(t, err)
	assert.True(t, json.Valid(buffer[:n]))
	messages, err := syscall.ParseSocketControlMessage(control[:nControl])
	require.NoError(t, err)
	require.Len(t, messages, 1)
	descriptors, err := syscall.ParseUnixRights(&messages[0])
	require.NoError(t, err)
	assert.Len(t, descriptors, 253)
	for _, descriptor := range descriptors {
		require.NoError(t, syscall.Close(descriptor))
	}
	// A client that does not receive descriptors gets the response alone.
	assert.Len(t, valuesOf(t, export(t, s)), DefaultPoints)
}

func checkCounterDown(t *testing.T, s *Sandbox) {
	c := newClient(t, s)
	first, second := valuesOf(t, c.call(exportAll)), valuesOf(t, c.call(exportAll))
	decreased := 0
	for series, value := range second {
		if value < first[series] {
			decreased++
		}
	}
	assert.Greater(t, decreased, DefaultPoints/2)
}

func checkUnknownMetric(t *testing.T, s *Sandbox) {
	assert.Contains(t, valuesOf(t, export(t, s)), "sentry_made_up map[]")
}

func checkHelpChanged(t *testing.T, s *Sandbox) {
	response := export(t, s)
	valuesOf(t, response)
	var helps []string
	for _, entry := range response.Result.Snapshot.Data {
		if entry.Metric.Name == "fs_opens" {
			helps = append(helps, entry.Metric.Help)
		}
	}
	assert.Equal(t, []string{"A help text that is not registered."}, helps)
}

func checkDuplicate(t *testing.T, s *Sandbox) {
	response := export(t, s)
	var all []string
	for _, entry := range response.Result.Snapshot.Data {
		all = append(all, seriesOf(entry))
	}
	slices.Sort(all)
	assert.Len(t, all, DefaultPoints+1)
	assert.Len(t, slices.Compact(all), DefaultPoints)
}

func checkFuture(t *testing.T, s *Sandbox) {
	assert.Greater(t, time.Until(export(t, s).Result.Snapshot.When), 30*time.Second)
}

func checkOld(t *testing.T, s *Sandbox) {
	assert.Greater(t, time.Since(export(t, s).Result.Snapshot.When), 59*time.Second)
}

func checkFilterIgnored(t *testing.T, s *Sandbox) {
	response := newClient(t, s).call(`{"method":"Metrics.Export","arg":{"only_metrics":"^fs_opens$"}}`)
	assert.Len(t, valuesOf(t, response), DefaultPoints)
}

func checkWrongPeer(t *testing.T, s *Sandbox) {
	data, err := os.ReadFile(s.StatePath())
	require.NoError(t, err)
	var state struct{ Sandbox struct{ PID int } }
	require.NoError(t, json.Unmarshal(data, &state))
	assert.NotEqual(t, os.Getpid(), state.Sandbox.PID)
	require.NoError(t, syscall.Kill(state.Sandbox.PID, 0), "the process must be alive")
}

func checkHalfWritten(t *testing.T, s *Sandbox) {
	data, err := os.ReadFile(s.StatePath())
	require.NoError(t, err)
	assert.Greater(t, len(data), 20_000)
	assert.False(t, json.Valid(data))
	assert.True(t, lockIsFree(t, s))
}

func checkLocked(t *testing.T, s *Sandbox) {
	assert.False(t, lockIsFree(t, s))
	require.Error(t, s.Checkpoint(), "the simulator respects the lock as well")
}

// lockIsFree reports whether a reader can take the lock of the state file.
func lockIsFree(t *testing.T, s *Sandbox) bool {
	t.Helper()
	file, err := os.Open(strings.TrimSuffix(s.StatePath(), ".state") + ".lock")
	require.NoError(t, err)
	defer file.Close()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	return err == nil
}

// send sends a request on a new connection.
func send(t *testing.T, s *Sandbox) *net.UnixConn {
	t.Helper()
	conn := simulatetest.Dial(t, s.SocketPath())
	_, err := conn.Write([]byte(exportAll))
	require.NoError(t, err)
	return conn
}

// readBalanced reads until braces and brackets balance.
func readBalanced(t *testing.T, conn *net.UnixConn) []byte {
	t.Helper()
	var data []byte
	buffer := make([]byte, 1<<20)
	depth := 0
	for {
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		data = append(data, buffer[:n]...)
		for _, opening := range []string{"{", "["} {
			depth += bytes.Count(buffer[:n], []byte(opening))
		}
		for _, closing := range []string{"}", "]"} {
			depth -= bytes.Count(buffer[:n], []byte(closing))
		}
		if depth == 0 {
			return data
		}
	}
}
