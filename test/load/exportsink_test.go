package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
)

func TestExportSinkAcceptsOTLP(t *testing.T) {
	sink, err := startExportSink("otlp_grpc")
	require.NoError(t, err)
	defer func() { require.NoError(t, sink.stop()) }()
	connection, err := grpc.NewClient(sink.address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, connection.Close()) }()
	metrics := pmetric.NewMetrics()
	metrics.ResourceMetrics().AppendEmpty().Resource().Attributes().PutStr("sandbox.id", strings.Repeat("a", 100))
	request := pmetricotlp.NewExportRequestFromMetrics(metrics)
	for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}} {
		response, err := pmetricotlp.NewGRPCClient(connection).Export(t.Context(), request, options...)
		require.NoError(t, err)
		assert.Zero(t, response.PartialSuccess().RejectedDataPoints())
	}
	assert.Greater(t, sink.received.Load(), int64(100))
}

func TestExportSinkAcceptsRemoteWrite(t *testing.T) {
	sink, err := startExportSink("prometheus_remote_write")
	require.NoError(t, err)
	defer func() { require.NoError(t, sink.stop()) }()
	url := "http://" + sink.address() + "/api/v1/write"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(strings.Repeat("a", 1000)))
	require.NoError(t, err)
	client := rawClient()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	assert.Greater(t, sink.received.Load(), int64(1000))
}

func TestExportersThatSendNothingHaveNoSink(t *testing.T) {
	sink, err := startExportSink(nopChain)
	require.NoError(t, err)
	assert.Empty(t, sink.address())
	assert.NoError(t, sink.stop())
}

func TestFreePortsDiffer(t *testing.T) {
	ports, err := freePorts(2)
	require.NoError(t, err)
	require.Len(t, ports, 2)
	assert.NotEqual(t, ports[0], ports[1])
}
