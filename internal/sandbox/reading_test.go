package sandbox

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadingCopiesLabels(t *testing.T) {
	var r Reading
	labels := []string{"a", "b"}
	r.AddLabeled(&Family{}, Int(1), labels...)
	labels[0] = "changed"
	for range 100 {
		r.AddLabeled(&Family{}, Int(1), "c")
	}
	assert.Equal(t, []string{"a", "b"}, r.Points[0].Labels)
	first := append(r.Points[0].Labels, "appended")
	assert.Equal(t, []string{"c"}, r.Points[1].Labels, "appending to labels must not affect the next point")
	assert.Len(t, first, 3)
}

func TestReadingOwnsItsDistributions(t *testing.T) {
	var r Reading
	histogram := Distribution{Count: 3, Sum: 5, Bounds: []float64{1}, Buckets: []uint64{1, 2}}
	summary := Distribution{Count: 7, Quantiles: []Quantile{{0.5, 4}}}
	for range 3 {
		own := []*Distribution{r.Distribution(&histogram), r.Distribution(&summary), r.Distribution(&histogram)}
		other := histogram
		other.Buckets = []uint64{8, 9}
		r.Distribution(&other)
		histogram.Buckets[0]++
		histogram.Count++
		assert.Equal(t, []uint64{histogram.Buckets[0] - 1, 2}, own[0].Buckets)
		assert.Equal(t, histogram.Count-1, own[2].Count)
		assert.Equal(t, histogram.Bounds, own[0].Bounds)
		assert.Empty(t, own[0].Quantiles)
		assert.Equal(t, summary.Quantiles, own[1].Quantiles)
		assert.Empty(t, own[1].Buckets)
		r.Reset()
		assert.Nil(t, own[0].Bounds, "a reset reading must not retain anything")
	}
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		r.Distribution(&histogram)
		r.Distribution(&summary)
		r.Reset()
	}))
}

func TestReadingReset(t *testing.T) {
	var r Reading
	r.ResponseSize = 5
	r.AddLabeled(&Family{}, Int(1), "a")
	r.Drop("forged", 1)
	points := r.Points
	r.Reset()
	assert.Empty(t, r.Points)
	assert.Empty(t, r.Dropped)
	assert.Zero(t, r.ResponseSize)
	assert.Nil(t, points[0].Family, "a reset reading must not retain anything")
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		r.AddLabeled(nil, Int(1), "a")
		r.Drop("forged", 1)
		r.Reset()
	}))
}

func TestDropCountsByReason(t *testing.T) {
	var r Reading
	r.Drop("forged", 1)
	r.Drop("duplicate", 2)
	r.Drop("forged", 3)
	assert.Equal(t, []Dropped{{"forged", 4}, {"duplicate", 2}}, r.Dropped)
}

// partsOf returns the parts of a reading as text: the ID of the identity, an exclamation
// mark if the part has ended, and the values.
func partsOf(r *Reading) []string {
	var parts []string
	for part := range r.Parts {
		text := "sandbox"
		if part.Identity != nil {
			text = part.Identity.ID
		}
		if part.Ended {
			text += "!"
		}
		for _, p := range part.Points {
			text += " " + strconv.FormatInt(p.Value.AsInt(), 10)
		}
		parts = append(parts, text)
	}
	return parts
}

func TestReadingParts(t *testing.T) {
	var r Reading
	assert.Empty(t, partsOf(&r))
	web, db, mq := &Identity{ID: "web"}, &Identity{ID: "db"}, &Identity{ID: "mq"}
	r.Resource(nil)
	r.Add(nil, Int(1))
	r.Resource(web)
	r.Add(nil, Int(2))
	r.Resource(web)
	r.Add(nil, Int(3))
	r.Resource(mq) // without points
	r.EndResource(db)
	r.Add(nil, Int(4))
	r.Resource(nil)
	r.Add(nil, Int(5))
	assert.Equal(t, []string{"sandbox 1", "web 2 3", "db! 4", "sandbox 5"}, partsOf(&r))
	assert.True(t, r.HasEnded())

	var ended []string
	r.TakeEnded(func(part Part) { ended = append(ended, part.Identity.ID) })
	assert.Equal(t, []string{"db"}, ended)
	assert.False(t, r.HasEnded())
	assert.Equal(t, []string{"sandbox 1", "web 2 3", "sandbox 5"}, partsOf(&r))
	r.Add(nil, Int(6))
	assert.Equal(t, []string{"sandbox 1", "web 2 3", "sandbox 5 6"}, partsOf(&r))

	r.Reset()
	r.Add(nil, Int(7))
	assert.Equal(t, []string{"sandbox 7"}, partsOf(&r))
}

func TestPartsDoNotAllocate(t *testing.T) {
	var r Reading
	web := &Identity{ID: "web"}
	total := 0
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		r.Reset()
		r.Add(nil, Int(1))
		r.Resource(web)
		r.Add(nil, Int(2))
		for part := range r.Parts {
			total += len(part.Points)
		}
	}))
	assert.NotZero(t, total)
}
