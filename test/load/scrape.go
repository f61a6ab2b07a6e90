package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// page is a scraped page of metrics.
type page struct {
	// duration is the time from the request until the last byte has arrived.
	duration time.Duration
	// compressed is the size of the response, bytes that of the page.
	compressed, bytes int64
	series            int
}

// maxPage is the maximum size of a response in bytes.
const maxPage = 1 << 30

// scrapePage fetches a page like Prometheus, with gzip. It is decompressed after
// everything has arrived, so that the duration is that of the server. The client
// must not decompress responses.
func scrapePage(ctx context.Context, client *http.Client, url string) (result page, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return result, err
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
	request.Header.Set("Accept-Encoding", "gzip")
	started := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return result, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return result, fmt.Errorf("scrape %s: server responded with %s", url, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return result, fmt.Errorf("scrape %s: %w", url, err)
	}
	result.duration, result.compressed = time.Since(started), int64(len(body))
	if encoding := response.Header.Get("Content-Encoding"); encoding != "gzip" {
		return result, fmt.Errorf("scrape %s: the response has the content encoding %q, want gzip", url, encoding)
	}
	text, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return result, fmt.Errorf("scrape %s: %w", url, err)
	}
	result.bytes, err = forEachLine(text, func(line []byte) {
		if len(line) > 1 && line[0] != '#' {
			result.series++
		}
	})
	return result, err
}

// forEachLine calls do with each line and returns the number of bytes. It
// truncates lines that are longer than its buffer.
func forEachLine(text io.Reader, do func(line []byte)) (size int64, err error) {
	lines := bufio.NewReaderSize(text, 64<<10)
	for complete := true; ; {
		line, err := lines.ReadSlice('\n')
		size += int64(len(line))
		if complete {
			do(line)
		}
		complete = !errors.Is(err, bufio.ErrBufferFull)
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil && complete {
			return size, err
		}
	}
}
