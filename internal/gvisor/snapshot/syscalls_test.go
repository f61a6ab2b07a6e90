package snapshot

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/syscalls"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// syscallRegistration returns a registration with system calls and, after them, a
// counter whose field has a similar name.
func syscallRegistration(t testing.TB) *registration.Registration {
	t.Helper()
	const field = `"cumulative":true,"fields":[{"field_name":"sysno","allowed_values":["0","425","2000","-1","x"]}]}`
	reg, err := registration.Parse([]byte(`{"metrics":[`+
		`{"name":"/unimplemented_syscalls","prometheus_name":"unimplemented_syscalls",`+field+`,`+
		`{"name":"/weird_syscalls","prometheus_name":"weird_syscalls",`+field+`]}`), "runsc_", registration.Limits{})
	require.NoError(t, err)
	return reg
}

func syscallResponse(reg *registration.Registration) string {
	r := newResponse(reg, testTime).number("weird_syscalls", 1, "sysno", "425")
	for _, number := range []string{"0", "425", "2000", "-1", "x"} {
		r.number("unimplemented_syscalls", 1, "sysno", number)
	}
	return r.String()
}

// labelLists returns the labels of all points, one point per line.
func labelLists(r *sandbox.Reading) string {
	var lines []string
	for i := range r.Points {
		lines = append(lines, strings.Join(r.Points[i].Labels, " "))
	}
	return strings.Join(lines, "\n")
}

func TestSyscallNames(t *testing.T) {
	reg := syscallRegistration(t)
	for architecture, want := range map[string]string{
		"amd64":   "0 read\n425 io_uring_setup\n2000\n-1\nx\n425",
		"arm64":   "0 io_setup\n425 io_uring_setup\n2000\n-1\nx\n425",
		"riscv64": "0\n425\n2000\n-1\nx\n425",
		"":        "0\n425\n2000\n-1\nx\n425",
	} {
		v := NewVerifier(reg, Settings{Syscalls: syscalls.NamesOf(architecture)})
		r, err := read(v, syscallResponse(reg))
		require.NoError(t, err)
		assert.Equal(t, want, labelLists(r), architecture)

		// The ends identify the same series.
		ends := &sandbox.Reading{}
		v.AppendSeries(ends)
		assert.Equal(t, want, labelLists(ends), architecture)
	}
}

func TestZerosHaveSyscallNames(t *testing.T) {
	reg := syscallRegistration(t)
	v := NewVerifier(reg, Settings{Syscalls: syscalls.NamesOf("amd64"), ZeroFill: registration.ZeroFillAll})
	r, err := read(v, newResponse(reg, testTime).String())
	require.NoError(t, err)
	assert.Contains(t, labelLists(r), "425 io_uring_setup\n")
}

func TestSyscallNamesDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools drop objects")
	}
	reg := syscallRegistration(t)
	data := []byte(syscallResponse(reg))
	v := NewVerifier(reg, Settings{Syscalls: syscalls.NamesOf("amd64")})
	source := bytes.NewReader(nil)
	r := &sandbox.Reading{}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		source.Reset(data)
		r.Reset()
		if err := v.Read(source, 1<<20, clock, r); err != nil {
			t.Fatal(err)
		}
	}))
}
