package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// FuzzEvent passes any input, in chunks of any size, to an account with two
// containers and one network interface, and then an honest response.
func FuzzEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data, uint16(len(data)))
	}
	for _, r := range []*response{
		newResponse().cpuTime("web", 30*time.Second).cpuTime("pause", 0).network("eth0", 7).network("eth1", 3),
		newResponse().cpuTime("web", 0).cpuTime("x", time.Hour).network("eth0", 1<<63-1).network("", 3),
		newResponse().cpuTime("web", time.Hour).network("lo", 1<<62).network("lo", 1<<63),
		newResponse().network("eth0", 2).network("eth0", 2),
	} {
		f.Add([]byte(r.String()), uint16(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		a := newAccount("pause", "web")
		before := mustRead(t, a, "web", time.Minute, fuzzResponse(10*time.Second))
		now := testStart.Add(80 * time.Second)
		a.Begin(now)
		state := cloneState(a)
		source := &slowReader{string(data), max(int(size), 1)}
		received, err := a.Read("web", source, func() time.Time { return now })
		if received > maxResponseSize+1 {
			t.Fatalf("received %d bytes", received)
		}
		if err != nil {
			switch sandbox.OutcomeOf(err) {
			case sandbox.Oversize, sandbox.Malformed, sandbox.Rejected, sandbox.Refused, sandbox.Disconnected:
			default:
				t.Fatalf("unexpected outcome: %v", err)
			}
			if !reflect.DeepEqual(state, cloneState(a)) {
				t.Fatal("the state changed in spite of an error")
			}
		} else if response := data[:len(data)-len(source.text)]; !json.Valid(response) {
			t.Fatalf("accepted %q", response)
		}
		var figures Figures
		a.Finish(&figures)
		checkFigures(t, before, figures, 20*time.Second)

		// Figures that have decreased to those of an honest response do not decrease.
		after, err := read(a, "web", 140*time.Second, fuzzResponse(40*time.Second))
		if err == nil {
			checkFigures(t, before, after, 80*time.Second)
			checkFigures(t, figures, after, time.Minute)
		} else if sandbox.OutcomeOf(err) != sandbox.Rejected {
			t.Fatal(err)
		}
	})
}

func fuzzResponse(cpu time.Duration) string {
	return newResponse().cpuTime("pause", 0).cpuTime("web", cpu).network("eth0", 100).String()
}

// checkFigures checks the limits on figures, and that no counter has decreased or increased
// more than possible since figures from before.
func checkFigures(t *testing.T, before, after Figures, elapsed time.Duration) {
	t.Helper()
	if after.HasCPU && before.HasCPU {
		grown := after.CPU - before.CPU
		if limit := 2 * (elapsed + 2*cpuTolerance); grown < 0 || grown > limit {
			t.Fatalf("CPU time has increased from %v to %v", before.CPU, after.CPU)
		}
	}
	if after.Memory > testHost.Memory || len(after.Containers) > 2 || len(after.Interfaces) > maxInterfaces {
		t.Fatalf("beyond the limits: %+v", after)
	}
	for _, c := range after.Containers {
		for _, earlier := range before.Containers {
			if c.ID == earlier.ID && c.HasCPU && earlier.HasCPU && c.CPU < earlier.CPU || c.Processes > maxProcesses {
				t.Fatalf("%+v after %+v", c, earlier)
			}
		}
	}
	for _, n := range after.Interfaces {
		if !validName([]byte(n.Name)) || n.Name == "lo" || n.Received.Bytes >= 1<<63 || n.Transmitted.Dropped >= 1<<63 {
			t.Fatalf("invalid interface: %+v", n)
		}
		for _, earlier := range before.Interfaces {
			fell := n.Received.Bytes < earlier.Received.Bytes || n.Transmitted.Packets < earlier.Transmitted.Packets
			if n.Name == earlier.Name && fell {
				t.Fatalf("%+v after %+v", n, earlier)
			}
		}
	}
}
