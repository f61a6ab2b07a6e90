package discovery

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

func TestLimitsOfSpecAndPod(t *testing.T) {
	assert.Equal(t, Limits{CPUs: 0.5, CPUShares: 512, Memory: 7, Processes: 9},
		limitsOfSpec(statefile.Resources{CPUQuota: 50000, CPUPeriod: 100000, CPUShares: 512, Memory: 7, Processes: 9}))
	assert.Equal(t, Limits{CPUs: 2}, limitsOfSpec(statefile.Resources{CPUQuota: 200000}), "the default period must be used")
	assert.Equal(t, Limits{CPUs: 1.5, CPUShares: 512, Memory: 7},
		limitsOfPod(kubepod.Resources{CPUQuota: 15000, CPUPeriod: 10000, CPUShares: 512, Memory: 7}))
	assert.Zero(t, limitsOfSpec(statefile.Resources{CPUPeriod: 100000}), "a period alone is no limit")
}

func TestRequestedLimits(t *testing.T) {
	half := Limits{CPUs: 0.5, CPUShares: 512, Memory: 100, Processes: 10}
	all := Limits{CPUs: 2, CPUShares: 2048, Memory: 1000}
	tooLarge := Limits{Memory: math.MaxInt64, Processes: math.MaxInt64, CPUShares: math.MaxInt64}
	for name, test := range map[string]struct {
		inPod      bool
		own, pod   Limits
		containers []Limits
		want       Limits
	}{
		"no pod, no limits":            {},
		"no pod":                       {own: half, want: half},
		"no pod, others do not count":  {own: half, pod: all, containers: []Limits{all, {}}, want: half},
		"pod without containers":       {inPod: true, own: half, pod: all, want: all},
		"pod without anything":         {inPod: true, own: half},
		"pod with sum of kubelet":      {inPod: true, own: half, pod: all, containers: []Limits{half}, want: Limits{2, 2048, 1000, 10}},
		"pod without sum of kubelet":   {inPod: true, own: half, containers: []Limits{half, half}, want: Limits{1, 1024, 200, 20}},
		"pod with unlimited container": {inPod: true, pod: all, containers: []Limits{half, {}}},
		"pod with container without memory limit": {
			inPod: true, pod: all, containers: []Limits{half, {CPUs: 1, CPUShares: 2, Processes: 3}}, want: Limits{2, 2048, 0, 13},
		},
		"sum too large": {inPod: true, containers: []Limits{tooLarge, tooLarge}, want: tooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s, observer, _ := newTestSet(t)
			root := rootContainer("pod", testTime, 0)
			root.sandbox.InPod, root.limits, root.podLimits = test.inPod, test.own, test.pod
			s.put(key("pod"), root)
			for i, limits := range test.containers {
				app := appContainer(string(rune('a' + i)))
				app.limits = limits
				s.put(key("pod"), app)
			}
			assert.Equal(t, test.want, observer.present[key("pod")].Requested)
			if len(test.containers) > 0 {
				s.remove(key("pod"), "a")
				s.put(key("pod"), func() containerState { app := appContainer("a"); app.limits = test.containers[0]; return app }())
				assert.Equal(t, test.want, observer.present[key("pod")].Requested, "limits must not accumulate")
			}
		})
	}
}
