//go:build linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// The load of TestManyClientsOfPage.
const (
	pageSandboxes = 1000
	minPageSize   = 15 << 20
	// maxPageMemory limits the peak memory of the whole Collector.
	maxPageMemory = 200 << 20
)

// A hundred clients at the same time, and others that do not read, hang up, or send
// invalid requests, get their pages or are refused. Meanwhile, all sandboxes are
// collected, and the Collector does not need more than 200 MiB for a page of 15 MiB.
func TestManyClientsOfPage(t *testing.T) {
	simulated := simulate(t, fmt.Sprintf("--gvisor=%d", pageSandboxes))
	served := collector.NewPage(t)
	c := collector.Start(t, fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 2s
    initial_delay: 0s
    timeout: 2s
    usage: {enabled: false}
    gvisor: {roots: [%q], zero_fill: none}
    kata: {enabled: false}
exporters:
  prometheus_scrape:
    endpoint: %q
    send_timestamps: true
    without_scope_info: true
    resource_to_telemetry_conversion: {enabled: true}
service:
  pipelines:
    metrics: {receivers: [sandbox], exporters: [prometheus_scrape]}
`, simulated.root, served.Address))
	before := awaitOpens(t, served, func(page.Page) error { return nil })
	for range 5 {
		slow := connect(t, served.Address)
		defer func() { _ = slow.Close() }()
	}
	for range 20 {
		_ = connect(t, served.Address).Close()
	}
	var clients sync.WaitGroup
	for range 100 {
		clients.Go(func() { scrape(t, served.Address) })
	}
	checkRefused(t, served.Address)
	clients.Wait()
	awaitOpens(t, served, func(now page.Page) error {
		for key, series := range before {
			if !now[key].Time.After(series.Time) {
				return fmt.Errorf("%s has no point since %v", key, series.Time)
			}
		}
		return nil
	})
	peak := peakMemory(t, c)
	t.Logf("peak RSS %.0f MB", megabytes(peak))
	if peak > maxPageMemory {
		t.Errorf("peak RSS of %d bytes exceeds the limit of %d", peak, maxPageMemory)
	}
}

// awaitOpens waits until a page has one metric of each sandbox, and check returns nil
// for it.
func awaitOpens(t *testing.T, served *collector.Page, check func(page.Page) error) (opens page.Page) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		text, err := fetch(served.Address)
		if err != nil {
			return err
		}
		var lines []string
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "gvisor_fs_opens_total{") {
				lines = append(lines, line)
			}
		}
		if opens, err = page.Parse(strings.NewReader(strings.Join(lines, ""))); err != nil {
			return err
		}
		if len(opens) != pageSandboxes {
			return fmt.Errorf("%d sandboxes are on the page, want %d", len(opens), pageSandboxes)
		}
		return check(opens)
	})
	return opens
}

// patient is a client with a generous timeout.
var patient = &http.Client{Timeout: collector.Timeout}

func fetch(address string) (string, error) {
	var text strings.Builder
	err := copyPage(&text, address)
	return text.String(), err
}

// copyPage returns an error if the page is not complete.
func copyPage(w io.Writer, address string) error {
	response, err := patient.Get("http://" + address + "/metrics")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	_, err = io.Copy(w, response.Body)
	return err
}

// size counts bytes.
type size int

func (s *size) Write(data []byte) (int, error) {
	*s += size(len(data))
	return len(data), nil
}

// scrape gets a complete page. On a busy machine, a client can be so slow that it is
// disconnected when others wait for a page.
func scrape(t *testing.T, address string) {
	process.Eventually(t, collector.Timeout, func() error {
		var got size
		if err := copyPage(&got, address); err != nil {
			return err
		}
		if got < minPageSize {
			return fmt.Errorf("page has %d bytes, want at least %d", got, minPageSize)
		}
		return nil
	})
}

// connect requests a page and reads only its beginning.
func connect(t *testing.T, address string) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), collector.Timeout)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = connection.SetDeadline(time.Now().Add(collector.Timeout))
	if _, err := connection.Write([]byte("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return connection
}

// checkRefused sends requests that must be refused.
func checkRefused(t *testing.T, address string) {
	t.Helper()
	for name, test := range map[string]struct {
		method, header string
		want           int
	}{
		"method":  {http.MethodPost, "", http.StatusMethodNotAllowed},
		"headers": {http.MethodGet, strings.Repeat("x", 1<<20), http.StatusRequestHeaderFieldsTooLarge},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+address+"/metrics", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X", test.header)
		response, err := patient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.want {
			t.Errorf("%s: status %d, want %d", name, response.StatusCode, test.want)
		}
	}
}
