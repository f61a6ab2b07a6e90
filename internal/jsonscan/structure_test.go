package jsonscan

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStructure(t *testing.T) {
	for name, reset := range sources {
		t.Run(name, func(t *testing.T) {
			var s Scanner
			reset(&s, []byte(`{"id":"web","pids":[1,-2],"ok":true,"other":{"x":[{}]},`+
				`"ratio":2.5,"none":null,"size":18446744073709551615}`), Limits{})
			var id string
			var pids []int64
			var ok bool
			var ratio float64
			var size uint64
			for s.OpenObject(); ; {
				key, more := s.NextKey()
				if !more {
					break
				}
				switch string(key) {
				case "id":
					id = string(s.String())
				case "pids":
					for s.OpenArray(); s.NextElement(); {
						pids = append(pids, s.Int64())
					}
				case "ok":
					ok = s.Bool()
				case "ratio":
					ratio = s.Float64()
				case "none":
					assert.True(t, s.Null())
				case "size":
					assert.False(t, s.Null())
					size = s.Uint64()
				default:
					s.Skip()
				}
			}
			s.End()
			require.NoError(t, s.Err())
			assert.Equal(t, "web", id)
			assert.Equal(t, []int64{1, -2}, pids)
			assert.True(t, ok)
			assert.Equal(t, 2.5, ratio)
			assert.Equal(t, uint64(18446744073709551615), size)
		})
	}
}

func TestNextField(t *testing.T) {
	fields := NewFields("name", "value")
	read := func(input string) (map[int]int64, Seen, error) {
		var s Scanner
		var seen Seen
		got := map[int]int64{}
		s.ResetBytes([]byte(input), Limits{})
		for s.OpenObject(); ; {
			field, more := s.NextField(fields, &seen)
			if !more {
				break
			}
			got[field] = s.Int64()
		}
		s.End()
		return got, seen, s.Err()
	}
	got, seen, err := read(`{"other":{"name":[]},"value":2,"valuE2":0}`)
	require.NoError(t, err)
	assert.Equal(t, map[int]int64{1: 2}, got)
	assert.False(t, seen.Has(0))
	assert.True(t, seen.Has(1))

	for _, input := range []string{
		`{"value":1,"value":1}`,
		`{"value":1,"Value":1}`,
		`{"NAME":1}`,
		`{"\u006eame":1,"name":1}`,
		"{\"na\\u006de\":1,\"nam\u0045\":1}",
	} {
		_, _, err := read(input)
		assert.ErrorIs(t, err, ErrField, input)
	}
	assert.Panics(t, func() { NewFields(make([]string, 33)...) })
	assert.NotPanics(t, func() { NewFields(make([]string, 32)...) })
}
