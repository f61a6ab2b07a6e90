package snapshot

import (
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// endlessReader returns start and then text repeatedly. After 64 MiB it fails, so
// that a test does not hang if its consumer ignores the limit.
type endlessReader struct {
	start, text string
	sent        int
}

func (r *endlessReader) Read(p []byte) (int, error) {
	if r.sent > 64<<20 {
		return 0, errors.New("the consumer ignores its limit")
	}
	n := 0
	for n < len(p) {
		source, offset := r.start, r.sent
		if offset >= len(r.start) {
			source, offset = r.text, (offset-len(r.start))%len(r.text)
		}
		copied := copy(p[n:], source[offset:])
		n, r.sent = n+copied, r.sent+copied
	}
	return n, nil
}

func TestMemoryOfEndlessResponses(t *testing.T) {
	reg := testRegistration(t)
	entry := newResponse(reg, testTime).number("disk_reads", 1).entries[0]
	start := `{"success":true,"result":{"snapshot":{"data":[`
	const limit = 4 << 20
	for name, source := range map[string]*endlessReader{
		"points":       {start: start, text: entry + ","},
		"string":       {start: `{"err":"`, text: "x"},
		"white space":  {start: start, text: " "},
		"unknown keys": {start: `{`, text: `"x":[1,2,3],`},
		"labels":       {start: start + `{"labels":{`, text: `"x":"y",`},
		"buckets":      {start: start + `{"histogram":{"buckets":[`, text: `{"le":{},"n":1},`},
		"zeros":        {text: "\x00"},
		"nesting":      {start: `{"x":`, text: "["},
	} {
		t.Run(name, func(t *testing.T) {
			v := NewVerifier(reg, Settings{})
			r := &sandbox.Reading{}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := v.Read(source, limit, clock, r)
			runtime.ReadMemStats(&after)
			assert.Contains(t, []sandbox.Outcome{sandbox.Oversize, sandbox.Malformed, sandbox.Rejected}, sandbox.OutcomeOf(err), "%v", err)
			assert.LessOrEqual(t, source.sent, limit+1)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20))
			assert.Empty(t, r.Points)
			assert.Empty(t, v.series)
		})
	}
}

// TestChunks reads a long response in chunks of many sizes, so that entries cross
// the chunk boundary at every position.
func TestChunks(t *testing.T) {
	reg := wideRegistration(t, 150)
	response := newResponse(reg, testTime)
	for i := range reg.Metrics {
		response.number(reg.Metrics[i].Name, int64(i))
	}
	text := response.String()
	require.Greater(t, len(text), 16<<10)
	want, err := read(NewVerifier(reg, Settings{}), text)
	require.NoError(t, err)
	for _, size := range []int{1, 2, 3, 7, 64, 100, 1000, 1009, 4096, 16383, 16384, 16385} {
		r := &sandbox.Reading{}
		require.NoError(t, NewVerifier(reg, Settings{}).Read(&chunkReader{text: text, size: size}, 1<<20, clock, r), size)
		require.Equal(t, formatPoints(want), formatPoints(r))
	}
}

// chunkReader returns at most size bytes per read.
type chunkReader struct {
	text string
	size int
}

func (c *chunkReader) Read(buffer []byte) (int, error) {
	n := copy(buffer[:min(len(buffer), c.size)], c.text)
	c.text = c.text[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
