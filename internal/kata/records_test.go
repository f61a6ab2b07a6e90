package kata

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// requests returns the times at which requests are permitted, in seconds since
// now, if sandbox objects want to send one at the given times.
func requests(record *shimRecord, attempts []attempt) (granted []attempt) {
	began := time.Now()
	for _, a := range attempts {
		time.Sleep(time.Until(began.Add(time.Duration(a.second) * time.Second)))
		if record.begin(a.by, time.Now()) == "" {
			granted = append(granted, a)
			record.end(false, cpuReading{}, time.Now())
		}
	}
	return granted
}

type attempt struct {
	second int
	by     *Sandbox
}

// Two receivers share the interval between requests, and take turns.
func TestReceiversTakeTurns(t *testing.T) {
	a, b := &Sandbox{}, &Sandbox{}
	for name, test := range map[string]struct{ attempts, want []attempt }{
		"one":   {[]attempt{{0, a}, {10, a}, {20, a}}, []attempt{{0, a}, {10, a}, {20, a}}},
		"early": {[]attempt{{0, a}, {9, b}}, []attempt{{0, a}}},
		"apart": {[]attempt{{0, a}, {10, b}, {20, a}}, []attempt{{0, a}, {10, b}, {20, a}}},
		"close": {
			[]attempt{{0, a}, {1, b}, {15, a}, {16, b}, {30, a}, {31, b}, {45, a}, {46, b}},
			[]attempt{{0, a}, {16, b}, {30, a}, {46, b}},
		},
		"the other one ends": {[]attempt{{0, a}, {1, b}, {15, a}, {45, a}, {61, a}}, []attempt{{0, a}, {61, a}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := requests(&shimRecord{}, test.attempts)
				if len(got) != len(test.want) {
					t.Fatalf("got %d requests, want %d", len(got), len(test.want))
				}
				for i := range got {
					if got[i] != test.want[i] {
						t.Errorf("request %d: got %+v, want %+v", i, got[i], test.want[i])
					}
				}
			})
		})
	}
}

// Only one request is in flight at a time.
func TestRequestInFlight(t *testing.T) {
	var record shimRecord
	a, b := &Sandbox{}, &Sandbox{}
	now := time.Now()
	if why := record.begin(a, now); why != "" {
		t.Fatal(why)
	}
	if why := record.begin(b, now.Add(time.Hour)); why != notYet {
		t.Errorf("got %q during a request, want %q", why, notYet)
	}
	record.end(false, cpuReading{}, now.Add(time.Hour))
	if why := record.begin(b, now.Add(time.Hour)); why != "" {
		t.Errorf("got %q after the request", why)
	}
}

// A record outlives its users for a time, so that a reload keeps the interval and
// what is known about the shim, and is removed afterwards.
func TestRecordLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records, instance, s := newShimRecords(), storage.Instance{}, &Sandbox{}
		first := records.acquire(instance, time.Now())
		if records.hasRequested(instance) {
			t.Error("there was a request before the first one")
		}
		if why := first.begin(s, time.Now()); why != "" {
			t.Fatal(why)
		}
		first.end(false, cpuReading{}, time.Now())
		if !records.hasRequested(instance) {
			t.Error("the request is unknown")
		}
		time.Sleep(2 * recordLifetime)
		if records.acquire(instance, time.Now()) != first {
			t.Error("a record in use was removed")
		}
		records.release(first, s, time.Now())
		records.release(first, s, time.Now())
		if first.by != nil || first.waiting != nil {
			t.Error("the record refers to the sandbox after its release")
		}
		time.Sleep(recordLifetime - time.Second)
		if records.acquire(instance, time.Now()) != first {
			t.Error("the record was removed too early")
		}
		records.release(first, s, time.Now())
		time.Sleep(recordLifetime)
		if records.acquire(instance, time.Now()) == first {
			t.Error("the record was kept too long")
		}
	})
}

// The number of records is limited. Further shims have one of their own.
func TestMaxShimRecords(t *testing.T) {
	records := newShimRecords()
	paths := newStoragePaths(t)
	socket := bind(t, paths.golang, "web-0")
	// instance returns one of many instances, which differ in their time.
	instance := func(i int) storage.Instance {
		setModTime(t, socket, time.Duration(-i)*time.Hour)
		directory, _, err := storage.Examine(paths.golang, "web-0")
		if err != nil {
			t.Fatal(err)
		}
		return directory.Instance
	}
	first := instance(0)
	records.acquire(first, time.Now())
	for i := 1; i < maxShimRecords; i++ {
		records.acquire(instance(i), time.Now())
	}
	other := instance(maxShimRecords)
	if record := records.acquire(other, time.Now()); record == nil || records.records[other] != nil {
		t.Error("a record was added above the limit")
	}
	if record := records.acquire(first, time.Now()); record.users != 2 {
		t.Error("a record below the limit is not shared")
	}
}

// A second receiver, or one after a reload, does not send another request to the
// shim within 10 s; it reads on the host meanwhile.
func TestSecondReceiverKeepsInterval(t *testing.T) {
	for name, reload := range map[string]bool{"second receiver": false, "reload": true} {
		t.Run(name, func(t *testing.T) {
			first := newSimulated(t, simkata.Options{})
			if _, err := pull(t, first.Sandbox); err != nil {
				t.Fatal(err)
			}
			if reload {
				if err := first.Close(); err != nil {
					t.Fatal(err)
				}
			}
			second := findOne(t, fleetConfig(first.fleet))
			newFakeProcessFor(t, second) // with an unknown start time
			var starts [2]time.Time
			for calls := range int64(2) {
				r, err := pull(t, second)
				if err != nil || !hasFamily(r, "kata.shim.thread.count") {
					t.Errorf("got error %v, families %q", err, familiesOf(r))
				}
				if load := first.pod.Load(); load.Calls != 1+calls {
					t.Errorf("got load %+v, want %d requests", load, 1+calls)
				}
				second.runtime.now = func() time.Time { return time.Now().Add(minShimInterval) }
				starts[calls] = r.Start
			}
			if !starts[0].Equal(starts[1]) {
				t.Errorf("got starts %v, want the same", starts)
			}
		})
	}
}
