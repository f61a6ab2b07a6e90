package fleet

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newFleet(tb testing.TB, options Options) *Fleet {
	tb.Helper()
	f, err := New(simulatetest.ShortTempDir(tb), options)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, f.Close()) })
	return f
}
