package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeMetricServer is a program that serves a page like runsc metric-server.
const fakeMetricServer = `#!/bin/sh
exec "$LOAD_TEST_BINARY" child metric-server "$@"
`

func TestMeasureMetricServer(t *testing.T) {
	directory, err := os.MkdirTemp("", "metrics") //nolint:usetesting // socket paths must be short
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(directory)) }()
	program := filepath.Join(directory, "runsc")
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv("LOAD_TEST_BINARY", self)
	require.NoError(t, os.WriteFile(program, []byte(fakeMetricServer), 0o700))
	sandboxes := simulated{RuntimeRoot: directory, MetricServer: filepath.Join(directory, "ms.sock")}
	result, err := measureMetricServer(t.Context(), benchOptions{metricServer: program, cycles: 2}, sandboxes)
	require.NoError(t, err)
	assert.Equal(t, strings.Count(fakePage, "\n")-2, result.Samples)
	assert.Positive(t, result.PeakMemory)

	_, err = measureMetricServer(t.Context(), benchOptions{metricServer: "/bin/false", cycles: 1}, sandboxes)
	assert.ErrorContains(t, err, "metric server exited")
}
