package collect

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// watcher is a runtime whose discovery is a function.
type watcher struct {
	*fakeRuntime
	watch func(context.Context) error
}

func (w watcher) Watch(ctx context.Context, _ sandbox.Observer) error { return w.watch(ctx) }

func TestDiscoveryThatStopsIsReported(t *testing.T) {
	const message = "Sandbox discovery stopped permanently; please report this as a bug"
	broken := errors.New("too many open files")
	for name, test := range map[string]struct {
		watch func(context.Context) error
		want  []error
	}{
		"error":               {func(context.Context) error { return broken }, []error{broken}},
		"no error":            {func(context.Context) error { return nil }, nil},
		"error at shutdown":   {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil},
		"nothing at shutdown": {func(ctx context.Context) error { <-ctx.Done(); return nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, nil)
				h.settings.Runtimes = []sandbox.Runtime{watcher{h.runtime, test.watch}}
				stop := h.start(t)
				synctest.Wait()
				stop()
				assert.Equal(t, test.want, h.errs)
				logged := h.logs.FilterMessage(message)
				require.Equal(t, len(test.want), logged.Len())
				for _, entry := range logged.All() {
					assert.Equal(t, sandbox.RuntimeGVisor, entry.ContextMap()["sandbox.runtime.name"])
				}
			})
		})
	}
}
