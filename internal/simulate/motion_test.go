package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMotion(t *testing.T) {
	constant, growing, wandering := Motion{Level: 120}, Motion{Kind: Growing, Level: 120}, Motion{Kind: Wandering, Level: 120}
	for seed := range uint64(20) {
		last := uint64(0)
		for second := range 300 {
			elapsed := time.Duration(second) * time.Second
			assert.Equal(t, uint64(120), constant.At(seed, 1, elapsed))
			value := growing.At(seed, 1, elapsed)
			assert.Greater(t, value, last)
			last = value
			assert.InDelta(t, 120, wandering.At(seed, 1, elapsed), 120/8)
		}
		assert.InEpsilon(t, 300*120, last, 0.8, "about 120 per second")
	}
	assert.NotEqual(t, growing.At(1, 1, time.Hour), growing.At(1, 2, time.Hour), "values differ by index")
	assert.NotEqual(t, growing.At(1, 1, time.Hour), growing.At(2, 1, time.Hour), "values differ by seed")
	assert.Equal(t, growing.At(1, 1, 0), growing.At(1, 1, -time.Hour), "the clock may go back")
}

func TestMotionsOfAGroupChangeTogether(t *testing.T) {
	all := Motion{Kind: Growing, Level: 100, Group: 7}
	half, double := all, all
	half.Share, double.Share = 32, 128
	for second := range 100 {
		elapsed := time.Duration(second) * time.Second
		value := all.At(1, 1, elapsed)
		assert.Equal(t, value/2, half.At(1, 2, elapsed))
		assert.Equal(t, value*2, double.At(1, 3, elapsed))
	}
}

func TestSeedsRepeat(t *testing.T) {
	first, same, other := NewSeeds(1), NewSeeds(1), NewSeeds(2)
	id := first.ID()
	assert.Regexp(t, `^[0-9a-f]{64}$`, id)
	assert.Equal(t, id, same.ID())
	assert.NotEqual(t, id, other.ID())
	assert.NotEqual(t, id, first.ID())
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`, uuid(first.Next()))
}
