package render_test

import (
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
)

func TestNegotiate(t *testing.T) {
	const (
		prometheus3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
		protobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," + prometheus3
	)
	for _, test := range []struct {
		accept      string
		openMetrics bool
		escaping    model.EscapingScheme
	}{
		{"", false, model.UnderscoreEscaping},
		{"*/*", false, model.UnderscoreEscaping},
		{prometheus3, true, model.NoEscaping},
		{protobuf, true, model.NoEscaping},
		{"application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4", false, model.UnderscoreEscaping},
		{"text/plain;version=0.0.4;escaping=dots", false, model.DotsEscaping},
		{"text/plain;escaping=unknown", false, model.UnderscoreEscaping},
		{"application/openmetrics-text;q=0.1,text/plain;q=0.9", false, model.UnderscoreEscaping},
		{strings.Repeat(",;=q", 5000), false, model.UnderscoreEscaping},
		{strings.Repeat(",;=q", 50), false, model.UnderscoreEscaping},
	} {
		want := render.Format{OpenMetrics: test.openMetrics, Escaping: test.escaping}
		assert.Equal(t, want, render.Negotiate(test.accept, true), test.accept)
		assert.False(t, render.Negotiate(test.accept, false).OpenMetrics, test.accept)
	}
}

func TestAcceptsGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "deflate, gzip;q=0.5": true, "*": true, "gzip;q=0": false, "gzip; q=0.000": false,
		"gzip;q=0.01": true, "identity": false, "gzipped": false, strings.Repeat("x,", 4000) + "gzip": false,
	} {
		assert.Equal(t, want, render.AcceptsGzip(accept), accept)
	}
}
