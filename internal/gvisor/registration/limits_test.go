package registration

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	two := registered(metric(nil), metric(keys{"name": "/other", "prometheus_name": "other"}))
	labeled := withFields(field("a", "1", "2"), field("b", "1", "2", "3"))
	histogram := withHistogram(keys{"fields": []keys{field("a", "1", "2")}})
	for _, test := range []struct {
		name, input        string
		sufficient, tooLow Limits
	}{
		{"bytes", two, Limits{Bytes: int64(len(two))}, Limits{Bytes: int64(len(two)) - 1}},
		{"metrics", two, Limits{Metrics: 2}, Limits{Metrics: 1}},
		{"fields", labeled, Limits{Fields: 2}, Limits{Fields: 1}},
		{"values", labeled, Limits{Values: 3}, Limits{Values: 2}},
		{"name", two, Limits{Name: len("/disk/reads")}, Limits{Name: len("/disk/reads") - 1}},
		{"description", two, Limits{Description: len("Reads.")}, Limits{Description: len("Reads.") - 1}},
		{"numbers", labeled, Limits{Numbers: 6}, Limits{Numbers: 5}},
		{"numbers of two metrics", two, Limits{Numbers: 2}, Limits{Numbers: 1}},
		{"numbers of buckets", histogram, Limits{Numbers: 2 * (1 + 3)}, Limits{Numbers: 2*(1+3) - 1}},
	} {
		_, err := Parse([]byte(test.input), "", test.sufficient)
		assert.NoError(t, err, test.name)
		_, err = Parse([]byte(test.input), "", test.tooLow)
		var typed *Error
		if assert.ErrorAs(t, err, &typed, test.name) {
			assert.Equal(t, RuleLimit, typed.Rule, test.name)
		}
	}
}

// TestNumberLimitDoesNotOverflow multiplies many values of many fields.
func TestNumberLimitDoesNotOverflow(t *testing.T) {
	many := make([]string, 8000)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	var wide []keys
	for i := range 8 {
		wide = append(wide, field(fmt.Sprintf("f%d", i), many...))
	}
	_, err := Parse([]byte(withFields(wide...)), "", Limits{})
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.Equal(t, RuleLimit, typed.Rule)
}
