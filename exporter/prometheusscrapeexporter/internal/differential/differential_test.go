package differential

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	acceptText        = "text/plain;version=0.0.4"
	acceptTextUTF8    = "text/plain;version=0.0.4;escaping=allow-utf-8"
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,text/plain;q=0.5"
)

var strategies = []string{
	"UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation", "",
}

// options are the options that both exporters have.
func options(g *generator) map[string]any {
	g.scoped = g.pick(2) == 0
	options := map[string]any{
		"translation_strategy": oneOf(g, strategies...),
		"without_scope_info":   !g.scoped,
		"send_timestamps":      g.pick(2) == 0,
		"enable_open_metrics":  true,
		"resource_to_telemetry_conversion": map[string]any{
			"enabled": g.pick(2) == 0, "exclude_service_attributes": g.pick(2) == 0,
		},
	}
	if g.pick(2) == 0 {
		options["namespace"] = oneOf(g, "acme", "acme_shop")
	}
	if g.pick(2) == 0 {
		options["const_labels"] = map[string]any{"cluster": "c\"1"}
	}
	return options
}

// check feeds both exporters and compares their pages.
func check(t *testing.T, input []byte) {
	t.Helper()
	g := &generator{input: input, clock: 1_700_000_000 * second}
	exporters := newPair(t, options(g))
	for {
		exporters.consume(t, g.batch())
		if len(g.input) == 0 {
			break
		}
	}
	for _, accept := range []string{acceptText, acceptTextUTF8, acceptOpenMetrics} {
		compare(t, exporters, accept)
	}
}

func compare(t *testing.T, exporters pair, accept string) {
	t.Helper()
	page, contentType := exporters.ours.scrape(t, accept)
	stockPage, stockType := exporters.stock.scrape(t, accept)
	assert.Equal(t, stockType, contentType)
	got, want := parse(t, page, contentType), parse(t, stockPage, stockType)
	if accept == acceptOpenMetrics {
		want.renameInfo()
	}
	equal(t, want.lines, got.lines)
	equal(t, want.types, got.types)
	equal(t, want.help, got.help)
}

// equal compares maps and prints only what differs.
func equal(t *testing.T, want, got map[string]string) {
	t.Helper()
	for key, value := range want {
		if other, ok := got[key]; !ok {
			t.Errorf("missing: %s = %q", key, value)
		} else if other != value {
			t.Errorf("%s = %q, stock exporter: %q", key, other, value)
		}
	}
	for key, value := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("not in the stock exporter: %s = %q", key, value)
		}
	}
}

// renameInfo gives target_info the type that OpenMetrics has for it (see differences).
func (c content) renameInfo() {
	for _, prefix := range []string{"", "acme_", "acme_shop_"} {
		if c.types[prefix+"target_info"] != "" {
			delete(c.types, prefix+"target_info")
			c.types[prefix+"target"] = "info"
			delete(c.help, prefix+"target_info")
			c.help[prefix+"target"] = "Target metadata"
		}
	}
}

func TestEqualsStockExporter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		input := make([]byte, 20+random.IntN(600))
		for i := range input {
			input[i] = byte(random.Uint32())
		}
		check(t, input)
		if t.Failed() {
			t.Fatalf("input: %q", input)
		}
	}
}

func FuzzEqualsStockExporter(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"))
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 2000 {
			t.Skip()
		}
		check(t, input)
	})
}
