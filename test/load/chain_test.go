package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChainFlags(t *testing.T) {
	var stderr bytes.Buffer
	o, err := parseChainFlags([]string{"-sandboxes=5,10", "-chains=nop,prometheus", "-interval=2s", "-naming=prometheus"}, &stderr)
	require.NoError(t, err)
	assert.Equal(t, []int{5, 10}, o.sandboxes)
	assert.Equal(t, []string{nopChain, stockChain}, o.chains)
	assert.Equal(t, 2*time.Second, o.interval)
	o, err = parseChainFlags(nil, &stderr)
	require.NoError(t, err)
	assert.Equal(t, []int{100, 1000, 5000}, o.sandboxes)
	assert.Equal(t, chainNames(), o.chains)
	for _, args := range [][]string{
		{"-sandboxes=x"}, {"-chains=unknown"}, {"-chains="}, {"-naming=x"}, {"-cycles=0"}, {"-interval=1ms"}, {"argument"}, {"-unknown"},
	} {
		_, err := parseChainFlags(args, &stderr)
		require.Error(t, err, args)
	}
	_, err = parseChainFlags([]string{"-h"}, &stderr)
	require.ErrorIs(t, err, flag.ErrHelp)
}

func TestChainIsSkippedWithoutCollector(t *testing.T) {
	var stdout, stderr bytes.Buffer
	missing := filepath.Join(t.TempDir(), "otelcol")
	require.NoError(t, run(t.Context(), []string{"chain", "-collector", missing}, &stdout, &stderr))
	assert.Contains(t, stdout.String(), "skipped the whole chain")
	assert.Contains(t, stdout.String(), "make collector")
}

// chainWith measures chains of a fake Collector.
func chainWith(t *testing.T, failure, chains string) (output string, err error) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr bytes.Buffer
	args := []string{
		"chain", "-collector", writeFakeCollector(t, failure), "-sandboxes=3", "-cycles=1", "-interval=1s", "-metric-server=",
		"-chains", chains,
	}
	err = run(t.Context(), args, &stdout, &stderr)
	left, failed := os.ReadDir(os.TempDir())
	require.NoError(t, failed)
	assert.Empty(t, left)
	return stdout.String(), err
}

func TestChain(t *testing.T) {
	output, err := chainWith(t, "", "nop,prometheus,prometheus_scrape,metric-server")
	require.NoError(t, err)
	assert.Regexp(t, `3 gVisor +→ nop .* [0-9]+ +[0-9]+ *\n`, output)
	assert.Regexp(t, `3 gVisor +→ prometheus .* 180 +[0-9]+ +[0-9]+ *\n`, output)
	assert.Contains(t, output, "\n3 gVisor, → prometheus_scrape: skipped, not in this build\n")
	assert.Contains(t, output, "\n3 gVisor, runsc metric-server: skipped, no -metric-server\n")
}

func TestChainFailsIfDataIsMissing(t *testing.T) {
	for failure, want := range map[string]string{
		failStart: "invalid configuration",
		failPage:  "page has 3 series, want at least 45 for 3 sandboxes",
		failSend:  "lost 3 points",
		failLater: "failed later",
		// After everything was measured, an error is still one.
		failAtStop: "failed to stop",
	} {
		t.Run(failure, func(t *testing.T) {
			_, err := chainWith(t, failure, stockChain)
			require.ErrorContains(t, err, "3 gVisor: → prometheus: ")
			assert.ErrorContains(t, err, want)
		})
	}
}

// What was measured is valid if the Collector is killed when it stops.
func TestChainToleratesCollectorKilledAtStop(t *testing.T) {
	output, err := chainWith(t, killedAtStop, stockChain)
	require.NoError(t, err)
	assert.Regexp(t, `3 gVisor +→ prometheus .* 180 +[0-9]+ +[0-9]+ *\n`, output)
}
