package exposition

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// FuzzExposition compares the scanner with the parser of Prometheus. For a text
// that the parser accepts, both must return the same samples, and each single
// line must be a sample for both or for neither.
func FuzzExposition(f *testing.F) {
	for _, seed := range []string{
		"# HELP a b\n# TYPE a gauge\na 1\n",
		"kata_guest_netdev_stat{interface=\"eth0\",item=\"recv_bytes\"} 5.69635724e+08\n",
		"a{x=\"\\\\ \\\" \\n\",} +Inf 1600000000000\n",
		"a { x = \"},{\" } NaN\nb\t-1e-9\n\n",
		"{\"a.b\",x=\"1\"} 1\na 1\n",
		"a 1\nb 2",
		"a+1\na{}1\n:a:b_ .5\n",
		"{}\n",
		"a 1 2 \na 1 99999999999999999999\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<12 {
			return
		}
		// With types, the parser of Prometheus would assemble histograms and reject
		// a second type for a name. Only samples are compared.
		text = bytes.ReplaceAll(text, []byte("TYPE"), []byte("TYPO"))
		text = bytes.ReplaceAll(text, []byte("HELP"), []byte("HELF"))

		got, comparable := scanAll(t, text)
		want, err := parseAll(text)
		if err != nil || !comparable {
			return
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	})
}

// scanAll returns the samples of a text in canonical form. It also reports whether
// they can be compared with those of Prometheus, which is not the case if the
// scanner deliberately rejects a sample that Prometheus accepts.
func scanAll(t *testing.T, text []byte) (samples []string, comparable bool) {
	t.Helper()
	var (
		scanner Scanner
		parsed  Parsed
	)
	comparable = true
	scanner.Reset(bytes.NewReader(text), roomy)
	for scanner.Next() {
		err := scanner.LineErr()
		if scanner.Kind() == Sample {
			err = scanner.Parse(&parsed)
		}
		if errors.Is(err, ErrQuoted) || errors.Is(err, ErrLimit) {
			comparable = false
			continue
		}
		line := scanner.line
		alone, parseErr := parseAll(append(slices.Clone(line), '\n'))
		endsInBlank := bytes.HasSuffix(line, []byte(" ")) || bytes.HasSuffix(line, []byte("\t"))
		if err == nil && parseErr != nil && !parsed.Timestamped && !endsInBlank {
			t.Errorf("line %q: scanner accepts it, Prometheus returns %v", line, parseErr)
		}
		if err != nil && parseErr == nil {
			t.Errorf("line %q: scanner returns %v, Prometheus %q", line, err, alone)
		}
		if err != nil {
			continue
		}
		labels := make([]string, 0, len(parsed.Labels))
		for _, label := range parsed.Labels {
			labels = append(labels, fmt.Sprintf("%s=%q", label.Name, label.Value))
		}
		samples = append(samples, canonical(string(scanner.Name()), labels, parsed.Value, parsed.Timestamped))
	}
	return samples, comparable
}

// parseAll returns the samples of a text according to the parser of Prometheus. It
// returns an error if the parser panics, which it does for some texts with braces
// in place of a name, for example "{}".
func parseAll(text []byte) (samples []string, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic: %v", value)
		}
	}()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			samples = append(samples, canonical(name, labelsOf(metric), metric.GetUntyped().GetValue(), metric.TimestampMs != nil))
		}
	}
	return samples, nil
}

func labelsOf(metric *dto.Metric) []string {
	labels := make([]string, 0, len(metric.GetLabel()))
	for _, label := range metric.GetLabel() {
		labels = append(labels, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
	}
	return labels
}

func canonical(name string, labels []string, value float64, timestamped bool) string {
	return fmt.Sprintf("%s{%s} %v %v", name, strings.Join(labels, ","), value, timestamped)
}
