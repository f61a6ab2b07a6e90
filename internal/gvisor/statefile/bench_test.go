package statefile

import (
	"bytes"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	data := readFile(b, "testdata/full.json")
	const metric = `{"name":"/netstack/tcp/some_metric_name","prometheus_name":"netstack_tcp_some_metric_name",` +
		`"description":"Number of something that happens now and then.","cumulative":true,"sync":true},`
	registration := `{"metrics":[` + strings.Repeat(metric, 250) + `{"name":"/x"}]}`
	data = bytes.Replace(data, []byte(`"registeredMetrics":{`), []byte(`"registeredMetrics":`+registration+`,"x":{`), 1)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
