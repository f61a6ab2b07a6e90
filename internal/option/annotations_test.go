package option

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/filter"
)

// keys returns n different keys.
func keys(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("example.com/%d", i))
	}
	return all
}

func TestAnnotations(t *testing.T) {
	long := strings.Repeat("k", maxAnnotationKey)
	for _, allow := range [][]string{nil, {"a"}, {"example.com/team", long}, keys(maxAnnotations)} {
		require.NoError(t, (&Annotations{Allow: allow}).Check("annotations"))
	}
	for want, allow := range map[string][]string{
		"annotations::allow: 33 keys exceed the maximum of 32: remove some": keys(maxAnnotations + 1),
		"annotations::allow::1: must not be empty: use the key of an annotation, " +
			"for example example.com/team": {"a", ""},
		"annotations::allow::0: length of 257 exceeds the maximum of 256 bytes: use a shorter key": {long + "k"},
		`annotations::allow::2: duplicate key "a": remove it`:                                      {"a", "b", "a"},
	} {
		assert.EqualError(t, (&Annotations{Allow: allow}).Check("annotations"), want)
	}
	err := (&Annotations{Allow: []string{"", "a", "a"}}).Check("annotations")
	require.ErrorContains(t, err, "annotations::allow::0")
	require.ErrorContains(t, err, "annotations::allow::2")
}

// filters returns filters on the values of annotations with these keys.
func filters(keys ...string) map[string][]filter.Config {
	all := map[string][]filter.Config{}
	for _, key := range keys {
		all[key] = []filter.Config{{Strict: "x"}}
	}
	return all
}

func TestSelectionCheck(t *testing.T) {
	long := strings.Repeat("k", maxAnnotationKey)
	for _, annotations := range []map[string][]filter.Config{nil, filters("a", long), filters(keys(maxAnnotations)...)} {
		require.NoError(t, (&Selection{Include: Criteria{Annotations: annotations}}).Check())
		require.NoError(t, (&Selection{Exclude: Criteria{Annotations: annotations}}).Check())
	}
	for suffix, annotations := range map[string]map[string][]filter.Config{
		"clude::annotations: 33 keys exceed the maximum of 32: remove some": filters(keys(maxAnnotations + 1)...),
		"clude::annotations: must not be empty: use the key of an annotation, " +
			"for example example.com/team": filters(""),
		"clude::annotations: length of 257 exceeds the maximum of 256 bytes: use a shorter key": filters(long + "k"),
		"clude::annotations::a.b/c: must not be empty: add a filter, or remove the key":         {"a.b/c": nil},
	} {
		assert.EqualError(t, (&Selection{Include: Criteria{Annotations: annotations}}).Check(), "in"+suffix)
		assert.EqualError(t, (&Selection{Exclude: Criteria{Annotations: annotations}}).Check(), "ex"+suffix)
	}
}

func TestAnnotationKeys(t *testing.T) {
	assert.Empty(t, (&Selection{}).AnnotationKeys())
	s := Selection{Include: Criteria{Annotations: filters("b", "a")}, Exclude: Criteria{Annotations: filters("c", "a")}}
	assert.Equal(t, []string{"a", "b", "c"}, s.AnnotationKeys())
}
