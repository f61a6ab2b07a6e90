package inventory

import (
	"context"
	"errors"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// ErrNoAgent is returned by [Item.AgentURL] for sandboxes of runtimes without an agent.
var ErrNoAgent = errors.New("only Kata sandboxes have an agent")

// AgentURL requests the URL of the agent in the guest of a Kata sandbox, if the guard
// allows it.
func (i *Item) AgentURL(ctx context.Context) (url string, err error) {
	s, hasAgent := i.sandbox.(interface {
		AgentURL(ctx context.Context) (string, error)
	})
	if !hasAgent {
		return "", ErrNoAgent
	}
	err = sandbox.RecoverPanic(func() error {
		url, err = s.AgentURL(ctx)
		return err
	})
	return url, err
}
