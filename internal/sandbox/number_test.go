package sandbox

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumberScaled(t *testing.T) {
	for name, test := range map[string]struct {
		number Number
		factor float64
		want   Number
	}{
		"no factor":                   {Int(7), 0, Int(7)},
		"factor 1":                    {Float(1.5), 1, Float(1.5)},
		"integer factor":              {Int(3), 1024, Int(3072)},
		"negative integer":            {Int(-3), 1024, Int(-3072)},
		"zero":                        {Int(0), 1024, Int(0)},
		"fractional factor":           {Int(1500), 0.001, Float(1.5)},
		"float":                       {Float(2), 512, Float(1024)},
		"overflow":                    {Int(math.MaxInt64), 1024, Float(float64(math.MaxInt64) * 1024)},
		"minimum integer":             {Int(math.MinInt64), -1, Float(-float64(math.MinInt64))},
		"factor of more than 31 bits": {Int(2), 1 << 40, Float(2 << 40)},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, test.number.Scaled(test.factor)) })
	}
}

func TestNumberConversions(t *testing.T) {
	assert.EqualValues(t, 2, Float(2.9).AsInt())
	assert.Equal(t, -3.0, Int(-3).AsFloat())
	assert.True(t, Float(1).IsFloat())
	assert.False(t, Int(1).IsFloat())
	assert.Equal(t, Int(1), Bool(true))
	assert.Equal(t, Int(0), Bool(false))
}
