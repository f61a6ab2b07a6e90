package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLoadCounter(t *testing.T) {
	var counter LoadCounter
	assert.Equal(t, Load{}, counter.Load(0))
	start := time.Now()
	first := counter.Begin(start)
	second := counter.Begin(start.Add(3 * time.Second))
	second.End()
	second.End()
	third := counter.Begin(start.Add(4 * time.Second))
	counter.AddForbidden()
	third.End()
	first.End()
	assert.Equal(t, int64(3), counter.Calls())
	assert.Equal(t, Load{Calls: 3, Forbidden: 1, MaxInFlight: 2, MinGap: time.Second, Connections: 5}, counter.Load(5))
}
