package jsonscan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSkippingAgreesWithReading replaces, removes and cuts every byte of a value. To
// skip it must have the same result as to read it.
func TestSkippingAgreesWithReading(t *testing.T) {
	const input = `{"a" : [1,-20,0, true,false,null,"x\n\"\u00e9é"],"b":{"c":{},"d":[ ]},"e":"f"} `
	check := func(changed []byte) {
		t.Helper()
		var reading, skipping Scanner
		reading.ResetBytes(changed, Limits{})
		tree(&reading)
		reading.End()
		skipping.ResetBytes(changed, Limits{})
		err := skipAll(&skipping)
		require.Equal(t, fmt.Sprint(reading.Err()), fmt.Sprint(err), "%q", changed)
		require.Equal(t, reading.Offset(), skipping.Offset(), "%q", changed)
	}
	check([]byte(input))
	for at := range len(input) {
		check([]byte(input[:at]))
		check(slices.Delete([]byte(input), at, at+1))
		for b := range 256 {
			changed := []byte(input)
			changed[at] = byte(b)
			check(changed)
		}
	}
}

// TestSkipBuffered checks which values skipBuffered handles: without it everything
// works, but slowly.
func TestSkipBuffered(t *testing.T) {
	nested := func(depth int) string {
		return strings.Repeat(`{"a":[`, depth/2) + strings.Repeat(`]}`, depth/2)
	}
	for input, want := range map[string]bool{
		`{}`: true, `[]`: true, ` [ ] `: true, `true`: true, `null`: true, `false`: true, `""`: true, `1 `: true,
		`1`:                       false, // more digits may follow
		`[1,-20,0,true,null]`:     true,
		`{"a":1,"b":[{}]}`:        true,
		`{ "a" : 1 , "b" : "c" }`: true,
		`["\n\u00e9"]`:            true, `["é\""]`: true,
		`["\ud83d\ude00"]`:                    false, // a pair of surrogates is rare
		`[1.5]`:                               false,
		nested(MaxDepth):                      true,
		nested(MaxDepth + 2):                  false,
		`["` + strings.Repeat("x", 9) + `"]`:  true,
		`["` + strings.Repeat("x", 10) + `"]`: false,
		`[123456789]`:                         true,
		`[1234567890]`:                        false,
	} {
		var s Scanner
		s.ResetBytes([]byte(input), Limits{Token: 9})
		s.Peek()
		assert.Equal(t, want, s.skipBuffered(), "%.60q", input)
		if want {
			s.End()
			assert.NoError(t, s.Err(), "%.60q", input)
		} else {
			assert.Zero(t, s.Offset(), "%.60q", input)
		}
	}
}
