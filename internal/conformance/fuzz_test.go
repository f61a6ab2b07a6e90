package conformance

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"testing/synctest"
	"time"
)

// live lets a made-up sandbox answer some times, and both verifiers judge. It
// counts the verdicts.
func live(t *testing.T, seed []byte, counts map[string]int) {
	synctest.Test(t, func(t *testing.T) {
		c := &choices{data: seed}
		var filter *regexp.Regexp
		if c.rarely() {
			filter = regexp.MustCompile(`^(?:group_[01]_.*)$`)
		}
		m := newModel(c)
		p, ourErr, peerErr := register(t, m.registration(), filter)
		if p == nil {
			counts["registration "+verdict(ourErr, peerErr)]++
			return
		}
		for range 6 {
			m.grow(time.Now())
			agreed, ourErr, peerErr := p.read(t, m.answer())
			counts[verdict(ourErr, peerErr)]++
			if !agreed {
				return
			}
			time.Sleep(time.Duration(c.below(3)) * 4 * time.Second)
		}
	})
}

// FuzzVerdicts compares the verdicts on made-up sandboxes.
func FuzzVerdicts(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomBytes(seed, 600))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, seed []byte) {
		live(t, seed, map[string]int{})
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

// TestVerdictsOfManySandboxes does without a fuzzer what FuzzVerdicts does, and
// checks that the made-up sandboxes reach every verdict.
func TestVerdictsOfManySandboxes(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(3000) {
		live(t, randomBytes(seed, 2000), counts)
	}
	t.Log(counts)
	for _, verdict := range []string{taken, refused, strictOurs, "registration " + refused, "registration " + strictOurs} {
		if counts[verdict] < 20 {
			t.Errorf("only %d times %s", counts[verdict], verdict)
		}
	}
}
