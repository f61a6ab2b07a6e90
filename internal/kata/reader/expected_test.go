package reader

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// expected returns the points for a text with one sample per line, in the form
// of [points]. It does not use the code of the reader.
func expected(t *testing.T, settings *Settings, flavor catalog.Flavor, text string) map[string]string {
	t.Helper()
	want := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		series, value, _ := strings.Cut(line, " ")
		name, labelText, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		if strings.HasSuffix(name, "_bucket") || strings.HasSuffix(name, "_sum") || strings.Contains(labelText, "quantile=") {
			continue
		}
		family := catalog.For(flavor).Family([]byte(name))
		distribution := family == nil
		if distribution {
			family = catalog.For(flavor).Family([]byte(strings.TrimSuffix(name, "_count")))
		}
		labels := map[string]string{}
		for label := range strings.SplitSeq(labelText, ",") {
			if key, text, found := strings.Cut(label, "="); found {
				labels[key] = strings.Trim(text, `"`)
			}
		}
		row, other := expectedRow(family, labels)
		descriptor := settings.naming.Of(&row.Family)
		if descriptor.Name == "" {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		value = strconv.FormatFloat(number, 'g', -1, 64)
		if distribution {
			value = expectedDistribution(descriptor.Kind, number)
		}
		series = descriptor.Name + "{" + expectedLabels(family, descriptor, labels, other) + "}"
		want[series] = fmt.Sprintf("%s kind %d origin %d", value, descriptor.Kind, row.Family.Origin)
	}
	return want
}

// expectedRow returns the row of a sample, and whether its item is a label of
// the points.
func expectedRow(family *catalog.TextFamily, labels map[string]string) (row *catalog.Row, other bool) {
	item, items := []byte(labels["item"]), family.Items
	if family.OnlyText != "" && labels["cpu"] == family.OnlyText {
		items = family.Only
	}
	if at := items.Find(item, -1); at >= 0 {
		return &items[at], false
	}
	return family.Other(item), true
}

func expectedLabels(family *catalog.TextFamily, descriptor *sandbox.Descriptor, labels map[string]string, other bool) string {
	var all []string
	for i, label := range family.Labels {
		if descriptor.LabelKeys[i] != "" {
			all = append(all, descriptor.LabelKeys[i]+"="+labels[label.Key])
		}
	}
	if other {
		all = append(all, descriptor.LabelKeys[0]+"="+labels["item"])
	}
	for _, attribute := range descriptor.Attributes {
		all = append(all, attribute.Key+"="+attribute.Value)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// expectedDistribution returns the distribution for which [writeSamples] writes
// this count.
func expectedDistribution(kind sandbox.Kind, count float64) string {
	if kind == sandbox.Histogram {
		each := count / float64(len(catalog.BoundTexts))
		return fmt.Sprintf("%v %v %v %v []", count, 100*each, catalog.Bounds, slices.Repeat([]float64{each}, len(catalog.BoundTexts)))
	}
	var quantiles []sandbox.Quantile
	for i, at := range catalog.Quantiles {
		quantiles = append(quantiles, sandbox.Quantile{Quantile: at, Value: count + float64(i)})
	}
	return fmt.Sprintf("%v %v [] [] %v", count, 5*count, quantiles)
}
