package conformance

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"testing/synctest"
	"time"
)

// compareVerdicts passes some responses of a generated sandbox to both verifiers
// and counts the verdicts.
func compareVerdicts(t *testing.T, seed []byte, counts map[string]int) {
	synctest.Test(t, func(t *testing.T) {
		c := &choices{data: seed}
		var filter *regexp.Regexp
		if c.rarely() {
			filter = regexp.MustCompile(`^(?:group_[01]_.*)$`)
		}
		m := newModel(c)
		p, ourErr, upstreamErr := register(t, m.registration(), filter)
		if p == nil {
			counts["registration "+verdict(ourErr, upstreamErr)]++
			return
		}
		for range 6 {
			m.advance(time.Now())
			agreed, ourErr, upstreamErr := p.read(t, m.response())
			counts[verdict(ourErr, upstreamErr)]++
			if !agreed {
				return
			}
			time.Sleep(time.Duration(c.below(3)) * 4 * time.Second)
		}
	})
}

// FuzzVerdicts compares the verdicts on generated sandboxes.
func FuzzVerdicts(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomBytes(seed, 600))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, seed []byte) {
		compareVerdicts(t, seed, map[string]int{})
	})
}

func randomBytes(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, seed))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// TestVerdictsOnRandomSandboxes runs the same comparison as FuzzVerdicts on
// random data, and checks that the generated sandboxes reach every verdict.
func TestVerdictsOnRandomSandboxes(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(3000) {
		compareVerdicts(t, randomBytes(seed, 2000), counts)
	}
	t.Log(counts)
	for _, verdict := range []string{accepted, rejected, stricter, "registration " + rejected, "registration " + stricter} {
		if counts[verdict] < 20 {
			t.Errorf("%s: %d times, want at least 20", verdict, counts[verdict])
		}
	}
}
