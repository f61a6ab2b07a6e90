package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// chainHeaders are the columns of the table of chains.
var chainHeaders = []string{
	"load", "chain", "CPU", "× nop", "× stock", "peak RSS", "scrape", "× stock scrape", "page", "compressed", "series", "pulls", "points",
}

// chainLegend explains the columns.
const chainLegend = `
CPU             CPU time of the whole Collector, or of runsc metric-server, per cycle, which is one interval; the
                next scrape follows immediately if one takes longer
× nop           CPU / CPU of the chain that discards everything
× stock         CPU / CPU of the chain with the Prometheus exporter of the Collector
peak RSS        peak memory of the process
scrape          time from the request for a page, with gzip, until its last byte
× stock scrape  scrape / scrape of the Prometheus exporter of the Collector
page            size of the page
compressed      size of the page with gzip, or bytes that the exporter sends
series          number of series on the page
pulls           successful pulls; fewer than the number of sandboxes means that the Collector cannot keep up
points          points that the receiver passes on

`

// printChains prints all measured values, one chain per line, and the reasons why
// chains were not measured.
func printChains(w io.Writer, options chainOptions, rows []*chainRow) {
	_, _ = fmt.Fprintf(w, "%s\nwhole chain; naming %s, %d points per gVisor sandbox, interval %v, one scrape per cycle; "+
		"values are per cycle\n\n",
		machine(), options.naming, options.points, options.interval)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	printLine := func(cells []string) { _, _ = fmt.Fprintln(table, strings.Join(cells, "\t")+"\t") }
	printLine(chainHeaders)
	var skipped []string
	for _, r := range rows {
		if r.skipped != "" {
			skipped = append(skipped, fmt.Sprintf("%d gVisor, %s: skipped, %s", r.sandboxes, r.chain.title(), r.skipped))
			continue
		}
		printLine(r.cells(rows))
	}
	_ = table.Flush()
	if len(skipped) > 0 {
		_, _ = fmt.Fprintf(w, "\n%s\n", strings.Join(skipped, "\n"))
	}
	_, _ = fmt.Fprint(w, chainLegend)
}

// cells returns the values of a line in the order of chainHeaders.
func (r *chainRow) cells(rows []*chainRow) []string {
	got := &r.result
	nop, stock := costOf(rows, r.sandboxes, nopChain), costOf(rows, r.sandboxes, stockChain)
	return []string{
		fmt.Sprintf("%d gVisor", r.sandboxes),
		r.chain.title(),
		short(got.CPU),
		times(got.CPU, nop.CPU),
		times(got.CPU, stock.CPU),
		fmt.Sprintf("%.0f MB", float64(got.PeakMemory)/1e6),
		known(got.Scrape > 0, short(got.Scrape)),
		times(got.Scrape, stock.Scrape),
		known(got.Bytes > 0, megabytes(got.Bytes)),
		known(got.Compressed > 0, megabytes(got.Compressed)),
		known(got.Series > 0, fmt.Sprint(got.Series)),
		known(got.Pulls > 0, fmt.Sprintf("%.0f", got.Pulls)),
		known(got.Points > 0, fmt.Sprintf("%.0f", got.Points)),
	}
}

// costOf returns the costs of a chain with the same load, or none.
func costOf(rows []*chainRow, sandboxes int, name string) chainResult {
	for _, r := range rows {
		if r.sandboxes == sandboxes && r.chain.name == name && r.skipped == "" {
			return r.result
		}
	}
	return chainResult{}
}

// times formats a ratio, if both values are known.
func times(a, b time.Duration) string {
	return known(a > 0 && b > 0, fmt.Sprintf("%.2f", ratio(a, b)))
}

func known(is bool, text string) string {
	if !is {
		return "-"
	}
	return text
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f MB", float64(n)/1e6) }
