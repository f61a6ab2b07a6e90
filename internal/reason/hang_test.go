package reason

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestDiscoveryThatHangs lets discovery hang in a system call, during the first scan or
// when it is to end: what was found before is returned, and what follows has no effect.
func TestDiscoveryThatHangs(t *testing.T) {
	for name, scanned := range map[string]bool{"scan": false, "end": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang := make(chan struct{})
				runtime := fakeRuntime{func(o sandbox.Observer) error {
					o.Skipped("/run/runsc/a.state", "busy")
					if scanned {
						o.Scanned()
					}
					<-hang
					o.Skipped("/run/runsc/b.state", "busy")
					return nil
				}}
				const timeout = 30 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				began := time.Now()
				// Without a limit, it would end after an hour.
				time.AfterFunc(time.Hour, func() { close(hang) })
				found, err := Discover(ctx, []sandbox.Runtime{runtime}, nil)
				require.ErrorIs(t, err, errHangs)
				require.ErrorContains(t, err, "discover gvisor sandboxes: ")
				assert.LessOrEqual(t, time.Since(began), timeout+endTimeout)
				require.Len(t, found, 1)
				assert.Equal(t, "/run/runsc/a.state", found[0].Path)
				time.Sleep(time.Hour)
				assert.Len(t, found, 1)
			})
		})
	}
}
