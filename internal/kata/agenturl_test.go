package kata

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func TestAgentURL(t *testing.T) {
	s := newSimulated(t, simkata.Options{})
	url, err := s.AgentURL(t.Context())
	if err != nil || url != "vsock://3:1024" {
		t.Errorf("got %q, %v", url, err)
	}
	if load := s.pod.Load(); load.Calls != 1 || load.Forbidden != 0 {
		t.Errorf("got load %+v, want one request", load)
	}
}

func TestAgentURLIsNotRequestedFromUnsafeShim(t *testing.T) {
	for name, configure := range map[string]func(*Config){
		"unsafe":  func(*Config) {},
		"passive": func(c *Config) { c.Collection = guard.Passive },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSimulated(t, simkata.Options{Rust: true, Hypervisor: "qemu"}, configure)
			_, err := s.AgentURL(t.Context())
			if sandbox.OutcomeOf(err) != sandbox.Unsafe || !strings.Contains(err.Error(), s.Status().SkipReason) {
				t.Errorf("got error %v, want outcome %s", err, sandbox.Unsafe)
			}
			if calls := s.pod.Load().Calls; calls != 0 {
				t.Errorf("the shim received %d requests", calls)
			}
		})
	}
}

func TestAgentURLCountsAsRequest(t *testing.T) {
	s := newSimulated(t, simkata.Options{})
	other := findOne(t, fleetConfig(s.fleet))
	// Records are shared by the runtimes of a process, but not by those of tests.
	other.record = s.record
	if _, err := s.AgentURL(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := other.AgentURL(t.Context()); sandbox.OutcomeOf(err) != sandbox.Unsafe || !strings.Contains(err.Error(), notYet) {
		t.Errorf("got error %v, want that the shim is not contacted: %s", err, notYet)
	}
	if _, err := s.AgentURL(t.Context()); err == nil {
		t.Error("the other sandbox object has precedence")
	}
}

// TestAgentURLOfHostileShims checks what becomes of responses.
func TestAgentURLOfHostileShims(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   sandbox.Outcome
	}{
		"valid":       {http.StatusOK, "hvsock:///run/vc/vm/x/clh.sock:1024\n", sandbox.OK},
		"error":       {http.StatusInternalServerError, "no agent", sandbox.Refused},
		"empty":       {http.StatusOK, " \n", sandbox.Refused},
		"large":       {http.StatusOK, "vsock://" + strings.Repeat("1", 1<<20), sandbox.Oversize},
		"control":     {http.StatusOK, "vsock://\x1b[31m", sandbox.Malformed},
		"lines":       {http.StatusOK, "vsock://3:1024\nvsock://4:1024", sandbox.Malformed},
		"page":        {http.StatusOK, "404 page not found", sandbox.Malformed},
		"no address":  {http.StatusOK, "vsock://", sandbox.Malformed},
		"bad scheme":  {http.StatusOK, "-rm://x", sandbox.Malformed},
		"invalid":     {http.StatusOK, "vsock://\xff", sandbox.Malformed},
		"placeholder": {http.StatusOK, "://x", sandbox.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSimulated(t, simkata.Options{})
			served := serveAgentURL(t, &s, test.status, test.body)
			_, err := served.AgentURL(t.Context())
			if got := sandbox.OutcomeOf(err); got != test.want {
				t.Errorf("got outcome %s (%v), want %s", got, err, test.want)
			}
		})
	}
}

// serveAgentURL replaces the shim of a pod, and returns its sandbox.
func serveAgentURL(t *testing.T, s *simulatedSandbox, status int, body string) *Sandbox {
	t.Helper()
	if err := os.Remove(s.pod.SocketPath()); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", s.pod.SocketPath())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // a test
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return findOne(t, fleetConfig(s.fleet))
}

// FuzzAgentURL checks that what is accepted is one printable URL of limited length.
func FuzzAgentURL(f *testing.F) {
	for _, seed := range []string{"vsock://3:1024\n", "hvsock:///run/x:1024", "unix:///x y", "", "a://", "\x1b://\u202e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		url, err := parseAgentURL(text)
		if err != nil {
			if url != "" || sandbox.OutcomeOf(err) != sandbox.Malformed && sandbox.OutcomeOf(err) != sandbox.Refused {
				t.Errorf("got %q and error %v", url, err)
			}
			return
		}
		if !strings.Contains(url, "://") || !strings.Contains(text, url) {
			t.Errorf("got %q", url)
		}
		for _, r := range url {
			if !unicode.IsPrint(r) || r == ' ' {
				t.Errorf("%q contains %q", url, r)
			}
		}
	})
}
