package usage

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// newFilestoreReporter returns a reporter of sandboxes whose files have a size.
func newFilestoreReporter(t *testing.T, size func(path string) (uint64, error)) *Reporter {
	t.Helper()
	r := NewReporter(NewSettings(sandbox.UsageSettings{
		Interval: time.Second, CgroupRoot: t.TempDir(), Enabled: func(name string) bool { return name == "sandbox.filestore.size" },
	}, host.Processes{Root: t.TempDir()}))
	r.settings.filestores.size = size
	return r
}

// sizesIn appends the usage of a sandbox with two files and returns the sizes that were
// reported.
func sizesIn(r *Reporter) (sizes []int64) {
	into := sandbox.NewReading()
	r.Append(into, &Report{Filestores: []string{"a", "b"}}, time.Now())
	for i := range into.Points {
		sizes = append(sizes, into.Points[i].Value.AsInt())
	}
	return sizes
}

func TestFilestores(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want []int64
	}{
		"readable":   {nil, []int64{10}},
		"unreadable": {errors.New("failed"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			// A busy machine may need longer than filestoreWait.
			synctest.Test(t, func(t *testing.T) {
				r := newFilestoreReporter(t, func(path string) (uint64, error) {
					if path == "b" {
						return 7, test.err
					}
					return 3, nil
				})
				assert.Equal(t, test.want, sizesIn(r))
			})
		})
	}
}

// A file on a mount that does not respond delays one reading shortly, and the others not
// at all. Further files are examined once it responds.
func TestHangingFilestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		responds, calls := make(chan struct{}), atomic.Int64{}
		r := newFilestoreReporter(t, func(string) (uint64, error) {
			calls.Add(1)
			<-responds
			return 5, nil
		})
		for i, want := range []time.Duration{filestoreWait, 0, 0} {
			began := time.Now()
			assert.Empty(t, sizesIn(r))
			assert.Equal(t, want, time.Since(began), "reading %d", i)
		}
		assert.EqualValues(t, 1, calls.Load())
		close(responds)
		synctest.Wait()
		assert.Equal(t, []int64{10}, sizesIn(r), "of the present, not of the past")
		assert.EqualValues(t, 4, calls.Load())
	})
}

// The number of calls that hang is limited over all sandboxes.
func TestMaxFilestoreCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		responds, calls := make(chan struct{}), atomic.Int64{}
		first := newFilestoreReporter(t, func(string) (uint64, error) {
			calls.Add(1)
			<-responds
			return 5, nil
		})
		for range 2 * maxFilestoreCalls {
			assert.Empty(t, sizesIn(NewReporter(first.settings)))
		}
		assert.EqualValues(t, maxFilestoreCalls, calls.Load())
		close(responds)
		synctest.Wait()
		assert.Equal(t, []int64{10}, sizesIn(first))
	})
}
