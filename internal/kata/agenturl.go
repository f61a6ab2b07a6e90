package kata

import (
	"context"
	"errors"
	"io"
	"strings"
	"unicode"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/shim"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// maxAgentURL is far above the length of a genuine URL, which contains at most the path
// of a socket.
const maxAgentURL = 1024

// errNoAgentURL is returned for a response without a URL. runtime-rs responds so if it
// fails to determine the URL.
var errNoAgentURL = errors.New("the shim has returned no URL of its agent")

// AgentURL requests the URL of the agent in the guest from the shim, for example
// vsock://3:1024. The guard decides whether the shim may be contacted, as for metrics.
func (s *Sandbox) AgentURL(ctx context.Context) (url string, err error) {
	facts := s.facts.Load()
	s.updateTrust(ctx, facts)
	s.record.measure(s.runtime.roots.Processes, s.runtime.now)
	decision := s.decide(facts)
	reason := string(decision.Reason)
	if decision.Pull && s.runtime.mayConnect(s.directory) {
		reason = s.record.begin(s, s.runtime.now())
	}
	if reason != "" || !decision.Pull {
		return "", sandbox.Failf(sandbox.Unsafe, "shim of sandbox %s is not contacted: %s", s.identity.ID, reason)
	}
	// The shim does not query the guest, so the response cannot leave it spinning.
	defer func() { s.record.end(false, cpuReading{}, s.runtime.now()) }()
	err = shim.Fetch(ctx, shim.Request{
		Socket:    s.directory.Socket(),
		Endpoint:  shim.AgentURL,
		MaxBytes:  maxAgentURL,
		CheckPeer: s.checkPeer,
		ReadBody: func(body io.Reader) error {
			text, err := io.ReadAll(body)
			if err != nil {
				return err
			}
			url, err = parseAgentURL(string(text))
			return err
		},
	})
	return url, s.explain(err)
}

// parseAgentURL returns the URL in a response, such as vsock://3:1024,
// hvsock:///run/vc/vm/<id>/clh.sock:1024 or unix:///run/…/agent.sock.
func parseAgentURL(text string) (string, error) {
	url := strings.TrimSpace(text)
	if url == "" {
		return "", sandbox.Fail(sandbox.Refused, errNoAgentURL)
	}
	scheme, rest, found := strings.Cut(url, "://")
	isInvalid := func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) || unicode.IsSpace(r) }
	isLetter := func(r rune) bool { return r >= 'a' && r <= 'z' }
	if !found || scheme == "" || rest == "" || strings.IndexFunc(url, isInvalid) >= 0 ||
		strings.IndexFunc(scheme, func(r rune) bool { return !isLetter(r) }) >= 0 {
		return "", sandbox.Failf(sandbox.Malformed, "invalid URL %.100q of the agent: must look like vsock://3:1024", url)
	}
	return url, nil
}
