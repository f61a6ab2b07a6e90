package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
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
)

// checkGVisorMode proves of a mode that it does what it says.
func checkGVisorMode(t *testing.T, s *GVisor) {
	t.Helper()
	switch s.Mode() {
	case Refuse:
		_, err := host.DialUnix(t.Context(), s.SocketPath())
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	case Stall:
		conn := ask(t, s)
		awaitCall(t, s)
		assert.Empty(t, readUntilSilence(t, conn))
		assert.Equal(t, 1, s.Load().Connections)
	case StallMidway:
		conn := ask(t, s)
		answer := make([]byte, 1000)
		_, err := io.ReadFull(conn, answer)
		require.NoError(t, err)
		assert.True(t, bytes.HasPrefix(answer, []byte(snapshotHead)))
		assert.False(t, json.Valid(slices.Concat(answer, readUntilSilence(t, conn))))
	case Trickle:
		conn := ask(t, s)
		buffer := make([]byte, 64)
		for i := range 10 {
			n, err := conn.Read(buffer)
			require.NoError(t, err)
			assert.LessOrEqual(t, n, 5, "read %d", i)
		}
	case Truncated:
		answer, err := io.ReadAll(ask(t, s))
		require.NoError(t, err)
		assert.Greater(t, len(answer), 1000)
		assert.False(t, json.Valid(answer))
	case Garbage:
		answer := make([]byte, 4<<10)
		_, err := io.ReadFull(ask(t, s), answer)
		require.NoError(t, err)
		assert.False(t, bytes.HasPrefix(answer, []byte("{")) && json.Valid(answer))
	case EndlessString:
		answer := make([]byte, 8<<20)
		_, err := io.ReadFull(ask(t, s), answer)
		require.NoError(t, err)
		assert.Equal(t, 5, bytes.Count(answer, []byte(`"`)), "no quote after the one that opens the string")
	case EndlessArray:
		conn := ask(t, s)
		answer := make([]byte, 8<<20)
		_, err := io.ReadFull(conn, answer)
		require.NoError(t, err)
		end := bytes.LastIndex(answer, []byte(`},{"metric":`))
		assert.True(t, json.Valid(append(answer[:end+1:end+1], `]}}}`...)), "well formed so far")
	case DeepNesting:
		var value any
		err := json.NewDecoder(ask(t, s)).Decode(&value)
		require.ErrorContains(t, err, "exceeded max depth")
		// It ends, and the connection goes on.
		answer := readAnswer(t, ask(t, s))
		assert.Equal(t, 1_000_000+1, bytes.Count(answer, []byte(`[`)))
		assert.Equal(t, bytes.Count(answer, []byte(`[`)), bytes.Count(answer, []byte(`]`)))
	case Huge:
		answer := readAnswer(t, ask(t, s))
		assert.InEpsilon(t, HugeBytes, len(answer), 0.01)
		// Checking all of it would take longer than all the rest.
		assert.True(t, bytes.HasPrefix(answer, []byte(snapshotHead)))
		chunk := manyEntries()
		assert.True(t, bytes.HasSuffix(answer, append(chunk[:len(chunk)-1:len(chunk)-1], `]}}}`...)))
		assert.True(t, json.Valid(slices.Concat([]byte("["), chunk[:len(chunk)-1], []byte("]"))))
	case Late:
		asked := time.Now()
		answer := readAnswer(t, ask(t, s))
		assert.GreaterOrEqual(t, time.Since(asked), s.options.Delay)
		assert.True(t, json.Valid(answer))
	case Descriptors:
		conn := ask(t, s)
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
		// Whoever reads without room for them gets the answer alone.
		assert.Len(t, valuesOf(t, newCaller(t, s.SocketPath()).call(exportAll)), DefaultPoints)
	case CounterDown:
		c := newCaller(t, s.SocketPath())
		first, second := valuesOf(t, c.call(exportAll)), valuesOf(t, c.call(exportAll))
		fell := 0
		for series, value := range second {
			if value < first[series] {
				fell++
			}
		}
		assert.Greater(t, fell, DefaultPoints/2)
	case UnknownMetric:
		assert.Contains(t, valuesOf(t, newCaller(t, s.SocketPath()).call(exportAll)), "sentry_made_upnull")
	case HelpChanged:
		answer := newCaller(t, s.SocketPath()).call(exportAll)
		valuesOf(t, answer)
		var helps []string
		for _, entry := range answer.Result.Snapshot.Data {
			if entry.Metric.Name == "fs_opens" {
				helps = append(helps, entry.Metric.Help)
			}
		}
		assert.Equal(t, []string{"Another help than the one registered."}, helps)
	case Duplicate:
		answer := newCaller(t, s.SocketPath()).call(exportAll)
		var all []string
		for _, entry := range answer.Result.Snapshot.Data {
			all = append(all, seriesOf(entry))
		}
		slices.Sort(all)
		assert.Len(t, all, DefaultPoints+1)
		assert.Len(t, slices.Compact(all), DefaultPoints)
	case Future:
		answer := newCaller(t, s.SocketPath()).call(exportAll)
		assert.Greater(t, time.Until(answer.Result.Snapshot.When), 30*time.Second)
	case Old:
		answer := newCaller(t, s.SocketPath()).call(exportAll)
		assert.Greater(t, time.Since(answer.Result.Snapshot.When), 59*time.Second)
	case FilterIgnored:
		answer := newCaller(t, s.SocketPath()).call(`{"method":"Metrics.Export","arg":{"only_metrics":"^fs_opens$"}}`)
		assert.Len(t, valuesOf(t, answer), DefaultPoints)
	case WrongPeer:
		data, err := os.ReadFile(s.StatePath())
		require.NoError(t, err)
		var state struct{ Sandbox struct{ PID int } }
		require.NoError(t, json.Unmarshal(data, &state))
		assert.NotEqual(t, os.Getpid(), state.Sandbox.PID)
		require.NoError(t, syscall.Kill(state.Sandbox.PID, 0), "it is alive")
	case HalfWritten:
		data, err := os.ReadFile(s.StatePath())
		require.NoError(t, err)
		assert.Greater(t, len(data), 20_000)
		assert.False(t, json.Valid(data))
		assert.True(t, free(t, s))
	case Locked:
		assert.False(t, free(t, s))
		require.Error(t, s.Checkpoint(), "not by us either")
	default:
		t.Fatal("no check for this mode")
	}
}

// free tells whether a reader gets the lock.
func free(t *testing.T, s *GVisor) bool {
	t.Helper()
	file, err := os.Open(strings.TrimSuffix(s.StatePath(), ".state") + ".lock")
	require.NoError(t, err)
	defer file.Close()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	return err == nil
}

// ask sends a call on a new connection.
func ask(t *testing.T, s *GVisor) *net.UnixConn {
	t.Helper()
	conn := dial(t, s.SocketPath())
	_, err := conn.Write([]byte(exportAll))
	require.NoError(t, err)
	return conn
}

// awaitCall waits until the sandbox has read a call.
func awaitCall(t *testing.T, s *GVisor) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Load().Calls > 0 }, patience, time.Millisecond)
}

// readAnswer reads until braces and brackets balance.
func readAnswer(t *testing.T, conn *net.UnixConn) []byte {
	t.Helper()
	var answer []byte
	buffer := make([]byte, 1<<20)
	depth := 0
	for {
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		answer = append(answer, buffer[:n]...)
		for _, opening := range []string{"{", "["} {
			depth += bytes.Count(buffer[:n], []byte(opening))
		}
		for _, closing := range []string{"}", "]"} {
			depth -= bytes.Count(buffer[:n], []byte(closing))
		}
		if depth == 0 {
			return answer
		}
	}
}

// readUntilSilence reads what there is until nothing comes for a while.
func readUntilSilence(t *testing.T, conn *net.UnixConn) []byte {
	t.Helper()
	var data []byte
	buffer := make([]byte, 64<<10)
	for {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
		n, err := conn.Read(buffer)
		data = append(data, buffer[:n]...)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return data
		}
		require.NoError(t, err, "the connection stays open")
	}
}

func TestEachGVisorModeDoesWhatItSays(t *testing.T) {
	for _, mode := range gvisorModes {
		t.Run(string(mode.Mode), func(t *testing.T) {
			assert.NotEmpty(t, mode.About)
			fleet := newFleet(t, Options{})
			s, err := fleet.AddGVisor(GVisorOptions{Mode: mode.Mode, Delay: 150 * time.Millisecond})
			require.NoError(t, err)
			_, err = os.Stat(s.StatePath())
			require.NoError(t, err)
			checkGVisorMode(t, s)
		})
	}
}

func TestHostileSandboxesStopWithTheirFleet(t *testing.T) {
	for _, mode := range gvisorModes {
		t.Run(string(mode.Mode), func(t *testing.T) {
			fleet := newFleet(t, Options{Hostile: map[Mode]int{mode.Mode: 1}})
			s := fleet.GVisor()[0]
			if mode.Mode != Refuse {
				ask(t, s)
				awaitCall(t, s)
			}
			require.NoError(t, fleet.Close(), "while the call is under way")
		})
	}
}

func TestUnknownModesAreRefused(t *testing.T) {
	fleet := newFleet(t, Options{})
	_, err := fleet.AddGVisor(GVisorOptions{Mode: "nonsense"})
	require.ErrorContains(t, err, "nonsense")
	_, err = fleet.AddGVisor(GVisorOptions{Mode: KataHuge})
	require.Error(t, err)
	_, err = fleet.AddGVisor(GVisorOptions{Points: 1})
	require.ErrorContains(t, err, "1 points")
	_, err = fleet.AddGVisor(GVisorOptions{Points: 1_000_000})
	require.Error(t, err)
	_, err = ParseMode("nonsense")
	require.ErrorContains(t, err, "stall-midway")
	mode, err := ParseMode("kata-huge")
	require.NoError(t, err)
	assert.Equal(t, KataHuge, mode)
	assert.True(t, mode.ForKata())
	assert.False(t, Stall.ForKata())
	assert.Len(t, Modes(), len(gvisorModes)+len(kataModes))
}
