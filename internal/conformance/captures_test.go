package conformance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestCapturedVerdicts reads captured responses, which are not part of the
// repository.
func TestCapturedVerdicts(t *testing.T) {
	paths, _ := filepath.Glob("../../../shared/gvisor/*.response.json")
	if len(paths) == 0 {
		t.Skip("there are no captured responses")
	}
	data, err := os.ReadFile("../../../shared/gvisor/registered-metrics.response.json")
	if err != nil {
		t.Fatal(err)
	}
	var registered struct {
		Result struct{ RegisteredMetrics json.RawMessage }
	}
	if err := json.Unmarshal(data, &registered); err != nil {
		t.Fatal(err)
	}
	raw := registered.Result.RegisteredMetrics
	when := regexp.MustCompile(`"when":"[^"]*"`)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			p, ourErr, upstreamErr := register(t, raw, nil)
			if ourErr != nil || upstreamErr != nil {
				t.Fatal(ourErr, upstreamErr)
			}
			data := when.ReplaceAll(data, []byte(`"when":"`+time.Now().Format(time.RFC3339Nano)+`"`))
			want := rejected
			if strings.HasSuffix(path, ".export.response.json") && !strings.Contains(path, "bad-regex") {
				want = accepted
			}
			_, ourErr, upstreamErr = p.read(t, data)
			if got := verdict(ourErr, upstreamErr); got != want {
				t.Errorf("%s: got: %s, want: %s (%v, %v)", filepath.Base(path), got, want, ourErr, upstreamErr)
			}
		})
	}
}
