package gvisor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilterSelectsMetrics(t *testing.T) {
	s := addSandbox(t, Options{})
	c := newClient(t, s)
	values := valuesOf(t, c.call(`{"method":"Metrics.Export","arg":{"only_metrics":"^(?:fs_.*)$"}}`))
	assert.Len(t, values, 3)
	assert.Empty(t, valuesOf(t, c.call(`{"method":"Metrics.Export","arg":{"only_metrics":"^nothing$"}}`)))
	assert.Len(t, valuesOf(t, c.call(exportAll)), DefaultPoints, "the connection stays open")
	assert.Equal(t, int64(3), s.Load().Calls)
	assert.Equal(t, 1, s.Load().Connections)
}

func TestInvalidRequestsGetErrors(t *testing.T) {
	s := addSandbox(t, Options{})
	c := newClient(t, s)
	for request, text := range map[string]string{
		`{"method":"containerManager.Execute","arg":{}}`:         "unknown method",
		`{"method":"Metrics.Export","arg":{"only_metrics":"("}}`: `cannot compile regexp "("`,
		`{"method":"Metrics.Export","arg":{"only_metrics":7}}`:   "cannot decode the argument",
		`{"method":7}`: "cannot decode the request",
	} {
		response := c.call(request)
		assert.False(t, response.Success)
		assert.Contains(t, response.Err, text)
	}
	assert.Equal(t, int64(2), s.Load().Forbidden, "calls of other methods")
	assert.Len(t, valuesOf(t, c.call(exportAll)), DefaultPoints)
}

func TestRequestsMayBeSplitAndPipelined(t *testing.T) {
	c := newClient(t, addSandbox(t, Options{}))
	for i := range len(exportAll) {
		_, err := c.conn.Write([]byte(exportAll[i : i+1]))
		require.NoError(t, err)
	}
	assert.Len(t, valuesOf(t, c.response()), DefaultPoints)
	_, err := c.conn.Write([]byte(exportAll + exportAll))
	require.NoError(t, err)
	assert.Len(t, valuesOf(t, c.response()), DefaultPoints)
	assert.Len(t, valuesOf(t, c.response()), DefaultPoints)
	// Longer than the first buffer, with brackets and quotes in a string.
	long := `{"method":"Metrics.Export","arg":{"only_metrics":"` + strings.Repeat(`[\"{}\\\\]?`, 200) + `fs_opens"}}`
	assert.Len(t, valuesOf(t, c.call(long)), 1)
}

func TestObjectEnd(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `{`: 0, `{}`: 2, `{"a":"}"}x`: 9, `{"a":"\"}"}`: 11, `{"a":"\\"}`: 10, `{"a":[{}]}{`: 10, `{"a":[`: 0, `{"a":"`: 0,
	} {
		assert.Equal(t, want, objectEnd([]byte(text)), text)
	}
}

func TestRequestCacheIsBounded(t *testing.T) {
	var cache requestCache
	for i := range 3 * maxCachedRequests {
		cache.parse(append([]byte(`{"method":"Metrics.GetRegisteredMetrics","arg":{}}`), byte('a'+i%26), byte(i)))
	}
	assert.LessOrEqual(t, len(cache.known), maxCachedRequests)
}
