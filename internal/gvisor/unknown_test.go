package gvisor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestUnknownMetricsAreDroppedAndCounted(t *testing.T) {
	const response = `{"success":true,"err":"","result":{"RegisteredMetrics":{"metrics":[` +
		`{"name":"/fs/opens","prometheus_name":"fs_opens","description":"Lie.","cumulative":true},` +
		`{"name":"/lie","prometheus_name":"lie","description":"Lie.","cumulative":true}]}}}`
	const export = `{"success":true,"err":"","result":{"snapshot":{"when":"NOW","data":[` +
		`{"metric":{"name":"lie","type":2,"help":"Lie."},"val":{"int":7}},` +
		`{"metric":{"name":"lie","type":2,"help":"Lie."},"val":{"int":8}},` +
		`{"metric":{"name":"fs_opens","type":2,"help":"Lie."},"val":{"int":9}}]}}}`
	record := newFakeSandbox(t, map[string]string{"Metrics.GetRegisteredMetrics": response, "Metrics.Export": export}).record
	s := newTestSandbox(t, newRuntime(t, testConfig(record.Root)), record)
	for range 2 {
		r, err := pull(t, s, longTimeout)
		require.NoError(t, err)
		require.Len(t, r.Points, 1)
		assert.Equal(t, "Number of file opens.", r.Points[0].Family.OTel.Description)
		assert.Equal(t, []sandbox.Dropped{{Reason: "unknown_metric", Points: 2}}, r.Dropped)
	}
	r := new(sandbox.Reading)
	s.AppendSeries(r)
	assert.Len(t, r.Points, 1)
}

func TestUnknownMetricsAreLoggedOncePerVersion(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	l := unknownLog{logger: zap.New(core)}
	registered := func(names ...string) *registration.Registration {
		r := new(registration.Registration)
		for _, name := range names {
			r.Metrics = append(r.Metrics, registration.Metric{Name: name, Dropped: true})
		}
		return r
	}
	for range 2 {
		l.log(registered("a", "b"), "1")
		l.log(registered("a"), "2")
	}
	assert.Equal(t, 3, logs.Len())
	for i := range 2 * maxLoggedUnknown {
		l.log(registered(fmt.Sprint("x", i)), "1")
	}
	assert.Equal(t, maxLoggedUnknown+1, logs.Len(), "the last record is that there will be no more")
}

// What state files vouch for is complete before the first registration is
// requested.
func TestSandboxesWithoutRegistrationWaitForTheFirstScan(t *testing.T) {
	observer := newRecorder(t)
	a := newAdmission(newRuntime(t, testConfig("/run/runsc")), observer)
	first, gone := record(), record()
	gone.ID = "gone"
	a.Added(first)
	a.Added(gone)
	a.Gone(gone)
	assert.Empty(t, observer.events)
	changed := *first
	a.Changed(&changed)
	a.Scanned()
	assert.Equal(t, []string{"added " + first.ID}, observer.events)
	assert.Same(t, &changed, observer.present[0].record.Load())
	later := record()
	later.ID = "later"
	a.Added(later)
	assert.Equal(t, []string{"added " + first.ID, "added later"}, observer.events)
}

func TestStateFilesVouchForMetrics(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "db"})
	addGVisor(t, fleet, simgvisor.Options{ID: "web", Unregistered: true})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	var families [2]map[*sandbox.Family]bool
	for i, id := range []string{"db", "web"} {
		r, err := pull(t, observer.get(id), longTimeout)
		require.NoError(t, err)
		families[i] = map[*sandbox.Family]bool{}
		for _, point := range r.Points {
			families[i][point.Family] = true
		}
	}
	assert.Equal(t, families[0], families[1])
}
