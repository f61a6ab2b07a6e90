package differential

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter"
)

// The parsers of Prometheus and of its client library accept every page, with the options
// that the stock exporter does not have, too.
func TestParsersAcceptPages(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		input := make([]byte, 400)
		for i := range input {
			input[i] = byte(random.Uint32())
		}
		g := &generator{input: input, clock: 1_700_000_000 * second}
		options := maps.Clone(options(g))
		options["enable_created_lines"] = true
		ours := newInstance(t, componenttest.NewNopHost(), prometheusscrapeexporter.NewFactory(), options)
		for len(g.input) > 0 {
			require.NoError(t, ours.ConsumeMetrics(t.Context(), g.batch()))
		}
		for _, escaping := range []string{"allow-utf-8", "underscores", "dots", "values"} {
			for _, accept := range []string{"text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"} {
				page, contentType := ours.scrape(t, accept+";escaping="+escaping)
				require.Contains(t, contentType, "escaping="+escaping)
				parse(t, page, contentType)
			}
			page, _ := ours.scrape(t, "text/plain;version=0.0.4;escaping="+escaping)
			parser := expfmt.NewTextParser(model.UTF8Validation)
			_, err := parser.TextToMetricFamilies(bytes.NewReader(page))
			require.NoError(t, err, "%s", page)
		}
	}
}
