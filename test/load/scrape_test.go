package main

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rawClient does not decompress responses.
func rawClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableCompression: true}}
}

func TestScrapePage(t *testing.T) {
	long := "long{label=\"" + strings.Repeat("x", 200<<10) + "\"} 3\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		compressed := gzip.NewWriter(w)
		_, _ = compressed.Write([]byte(fakePage + long))
		_ = compressed.Close()
	}))
	defer server.Close()
	client := rawClient()
	defer client.CloseIdleConnections()
	got, err := scrapePage(t.Context(), client, server.URL)
	require.NoError(t, err)
	assert.EqualValues(t, len(fakePage)+len(long), got.bytes)
	assert.Equal(t, 3, got.series)
	assert.Positive(t, got.duration)
	assert.Less(t, got.compressed, got.bytes)
}

func TestScrapePageRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		want   string
	}{
		"status":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, "418"},
		"plain text": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(fakePage)) }, "content encoding"},
		"truncated": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(fakePage))
		}, "unexpected EOF"},
		"not gzip": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte(fakePage))
		}, "gzip: invalid header"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handle)
			defer server.Close()
			client := rawClient()
			defer client.CloseIdleConnections()
			_, err := scrapePage(t.Context(), client, server.URL)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestTimedOutScrapesDiffer(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	client := rawClient()
	client.Timeout = time.Millisecond
	_, err := scrapePage(t.Context(), client, server.URL)
	require.Error(t, err)
	assert.True(t, timedOut(err))
	_, err = scrapePage(t.Context(), client, "http://127.0.0.1:0")
	require.Error(t, err)
	assert.False(t, timedOut(err))
}
