package gvisor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var savingsTests = map[string]struct {
	response string
	restored bool
	// recorded is the saved CPU time in the state file.
	recorded time.Duration
	// requests is the number of requests in any number of pulls.
	requests int
	// want is the saved CPU time in milliseconds.
	want string
}{
	"reported":          {`{"success":true,"err":"","result":{"CPUTimeSaved":374526474,"WallTimeSaved":14872880881}}`, true, 0, 1, "374"},
	"nothing saved":     {`{"success":true,"err":"","result":{"CPUTimeSaved":0,"WallTimeSaved":0}}`, true, 0, 1, "0"},
	"unknown method":    {`{"success":false,"err":"unknown method","result":null}`, true, 0, maxSavingsAttempts, "0"},
	"negative":          {`{"success":true,"err":"","result":{"CPUTimeSaved":-1,"WallTimeSaved":5}}`, true, 0, maxSavingsAttempts, "0"},
	"no response":       {``, true, 0, maxSavingsAttempts, "0"},
	"in the state file": {``, true, time.Second, 0, "1000"},
	"not restored":      {``, false, 0, 0, "0"},
}

func TestSavings(t *testing.T) {
	for name, test := range savingsTests {
		t.Run(name, func(t *testing.T) {
			fake := newFakeSandbox(t, map[string]string{methodSavings: test.response, methodExport: emptySnapshot})
			runtime := newRuntime(t, testConfig(fake.record.Root))
			register(t, runtime, fake.record)
			fake.record.Restored, fake.record.CPUTimeSaved = test.restored, test.recorded
			s := newTestSandbox(t, runtime, fake.record)
			for range maxSavingsAttempts + 2 {
				_, err := pull(t, s, longTimeout)
				require.NoError(t, err, "the pull must succeed even if the savings are unknown")
			}
			requests := 0
			for _, method := range fake.received() {
				if method == methodSavings {
					requests++
				}
			}
			assert.Equal(t, test.requests, requests)
			lines := strings.Join(infoLines(s, false), "\n")
			labels := `{iteration="` + s.Identity().Iteration + `",sandbox="web"} `
			assert.Contains(t, lines, "cpu_time_saved_milliseconds"+labels+test.want+"\n")
		})
	}
}
