//go:build linux

package e2e

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// history reads what Prometheus has stored.
type history struct{ server, selector string }

// samples are the samples of all series of the last minutes, by the text of their
// labels.
type samples map[string][]sample

type sample struct {
	time  time.Time
	value float64
}

// read returns all samples of the last five minutes.
func (h *history) read() (samples, error) {
	result, err := queryVector(h.server, h.selector+"[5m]")
	if err != nil {
		return nil, err
	}
	all := samples{}
	for _, series := range result.Data.Result {
		key := fmt.Sprint(series.Metric) // sorted by label
		for _, pair := range series.Values {
			var seconds float64
			var text string
			if err := errors.Join(json.Unmarshal(pair[0], &seconds), json.Unmarshal(pair[1], &text)); err != nil {
				return nil, err
			}
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, err
			}
			all[key] = append(all[key], sample{time.UnixMilli(int64(seconds * 1e3)), value})
		}
	}
	return all, nil
}

// awaitAll waits until all sandboxes have measured series and usage.
func (h *history) awaitAll(t *testing.T, ids []string) {
	t.Helper()
	for _, id := range ids {
		for _, name := range []string{"gvisor_fs_opens_total", "sandbox_workload_cpu_time_seconds_total"} {
			eventuallyQuery(t, h.server, fmt.Sprintf("count(%s{sandbox_id=%q})", name, id), 1)
		}
	}
}

// minCurrent is the number of series that two sandboxes have at least.
const minCurrent = 20

// settled waits until no series has been added for a few seconds.
func (h *history) settled(t *testing.T) (last samples) {
	t.Helper()
	const quiet = 3 * time.Second
	since := time.Now()
	process.Eventually(t, collector.Timeout, func() error {
		now, err := h.read()
		if err != nil {
			return err
		}
		if len(now.current()) < minCurrent || len(now) != len(last) {
			since = time.Now()
		}
		if last = now; time.Since(since) < quiet {
			return fmt.Errorf("there are %d series, %d of them current, or their number changes", len(now), len(now.current()))
		}
		return nil
	})
	return last
}

// current returns the series that have several samples within the last seconds. Info
// metrics, which are seldom emitted again, do not.
func (s samples) current() (keys []string) {
	var newest time.Time
	for _, list := range s {
		if last := list[len(list)-1].time; last.After(newest) {
			newest = last
		}
	}
	for key, list := range s {
		if recent := newest.Add(-3 * time.Second); len(list) > 1 && list[len(list)-2].time.After(recent) {
			keys = append(keys, key)
		}
	}
	return keys
}

// checkContinued returns an error unless every series has samples after a time, and no
// series has been added.
func (s samples) checkContinued(now samples, since time.Time) error {
	var errs []error
	for _, key := range s.current() {
		if list := now[key]; len(list) == 0 || !list[len(list)-1].time.After(since) {
			errs = append(errs, fmt.Errorf("%s has no new sample", key))
		}
	}
	for key := range now {
		if _, known := s[key]; !known {
			errs = append(errs, fmt.Errorf("%s is new", key))
		}
	}
	return errors.Join(errs[:min(len(errs), 5)]...)
}

// checkCounters returns an error unless no counter of the sandboxes, which do not
// restart, has fallen. Counters of the receiver begin at zero when it starts.
func (s samples) checkCounters() error {
	var errs []error
	checked := 0
	for key, list := range s {
		if !strings.Contains(key, "_total") || strings.Contains(key, "__name__:sandbox_pull") {
			continue
		}
		checked++
		if !slices.IsSortedFunc(list, func(a, b sample) int { return cmp.Compare(a.value, b.value) }) {
			errs = append(errs, fmt.Errorf("%s has fallen: %v", key, list))
		}
	}
	if checked == 0 {
		errs = append(errs, errors.New("there are no counters"))
	}
	return errors.Join(errs...)
}

func TestHistoryFindsLostAndDoubledSeries(t *testing.T) {
	start := time.Now().Truncate(time.Second)
	series := func(values ...float64) (list []sample) {
		for i, value := range values {
			list = append(list, sample{start.Add(time.Duration(i) * time.Second), value})
		}
		return list
	}
	const opens, pulls = "map[__name__:gvisor_fs_opens_total]", "map[__name__:sandbox_pull_failures_total]"
	before := samples{opens: series(1, 2), pulls: series(1, 1), "info": series(1)}
	for name, test := range map[string]struct {
		now  samples
		want string
	}{
		"continued":   {samples{opens: series(1, 2, 3), pulls: series(1, 1, 0), "info": series(1)}, ""},
		"lost":        {samples{opens: series(1, 2), pulls: series(1, 1, 1), "info": series(1)}, opens + " has no new sample"},
		"gone":        {samples{opens: series(1, 2, 3), "info": series(1)}, pulls + " has no new sample"},
		"doubled":     {samples{opens: series(1, 2, 3), pulls: series(1, 1, 1), "opens 2": series(1)}, "opens 2 is new"},
		"fallen":      {samples{opens: series(1, 2, 1), pulls: series(1, 1, 1)}, opens + " has fallen"},
		"no counters": {samples{pulls: series(1, 1, 1)}, "there are no counters"},
	} {
		t.Run(name, func(t *testing.T) {
			err := errors.Join(before.checkContinued(test.now, start.Add(time.Second)), test.now.checkCounters())
			if got := fmt.Sprint(err); test.want == "" && err != nil || !strings.Contains(got, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
