package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestChainTable(t *testing.T) {
	chains := newChains()
	rows := []*chainRow{
		{sandboxes: 100, chain: chains[0], result: chainResult{CPU: 10 * time.Millisecond}},
		{sandboxes: 100, chain: chains[3], result: chainResult{CPU: 200 * time.Millisecond, Scrape: time.Second}},
		{sandboxes: 100, chain: chains[4], result: chainResult{CPU: 20 * time.Millisecond, Scrape: 50 * time.Millisecond}},
		{sandboxes: 1000, chain: chains[1], result: chainResult{CPU: 300 * time.Millisecond}},
		{sandboxes: 1000, chain: chains[4], skipped: "not in this build"},
	}
	var output bytes.Buffer
	printChains(&output, chainOptions{naming: "otel", points: 60}, rows)
	assert.Regexp(t, `100 gVisor +→ nop +10 ms +1\.00 +0\.05 `, output.String())
	assert.Regexp(t, `100 gVisor +→ prometheus_scrape +20 ms +2\.00 +0\.10 +0 MB +50 ms +0\.05 `, output.String())
	assert.Regexp(t, `1000 gVisor +→ otlp_grpc +300 ms +- +- `, output.String(), "the other chains have another load")
	assert.Contains(t, output.String(), "\n1000 gVisor, → prometheus_scrape: skipped, not in this build\n")
}

func TestChainLegendExplainsAllColumns(t *testing.T) {
	for _, header := range chainHeaders[2:] {
		assert.Contains(t, chainLegend, "\n"+header+" ")
	}
	row := chainRow{chain: newChains()[0]}
	assert.Len(t, row.cells(nil), len(chainHeaders))
}
