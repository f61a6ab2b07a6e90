package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var (
	// units matches the UCUM units that the catalog uses. Counted things are in
	// braces.
	units    = regexp.MustCompile(`^(By|s|1|%|\{[a-z_]+\})$`)
	otelName = regexp.MustCompile(`^kata(\.[a-z0-9]+(_[a-z0-9]+)*)+$`)
)

// shape is what all rows of a metric must have in common.
type shape struct {
	description, unit string
	kind              sandbox.Kind
	origin            sandbox.Origin
}

// TestRowsOfMetricAreConsistent checks that rows with the same name have the
// same shape and different series.
func TestRowsOfMetricAreConsistent(t *testing.T) {
	t.Run("otel", func(t *testing.T) {
		checkConsistency(t, func(_ *TextFamily, row *Row) (sandbox.Descriptor, bool) { return row.Family.OTel, false })
	})
	// The rows of all CPUs and of a single one have the same descriptor for
	// Prometheus. They differ in the value of the label.
	t.Run("prometheus", func(t *testing.T) {
		checkConsistency(t, func(text *TextFamily, row *Row) (sandbox.Descriptor, bool) {
			return row.Family.Prometheus, containsRow(text.Only, row)
		})
	})
}

// checkConsistency checks the descriptors that a function returns for each row.
// The function also reports whether the row applies to a single label value.
func checkConsistency(t *testing.T, describe func(*TextFamily, *Row) (sandbox.Descriptor, bool)) {
	t.Helper()
	shapes := map[string]shape{}
	series := map[string]string{}
	eachRow(func(flavor Flavor, text *TextFamily, row *Row) {
		descriptor, only := describe(text, row)
		if descriptor.Name == "" {
			return
		}
		place := fmt.Sprintf("%v: %s{item=%q}", flavor, text.Name, row.Item)
		now := shape{descriptor.Description, descriptor.Unit, descriptor.Kind, row.Family.Origin}
		if before, found := shapes[descriptor.Name]; found && before != now {
			t.Errorf("%s: %s is %v here, but %v elsewhere", place, descriptor.Name, now, before)
		}
		shapes[descriptor.Name] = now

		key := fmt.Sprint(flavor, descriptor.Name, descriptor.Attributes, descriptor.LabelKeys, only)
		if before, found := series[key]; found && !containsRow(text.others, row) {
			t.Errorf("%s is the same series as %s: %s", place, before, key)
		}
		series[key] = place
	})
}

func containsRow(items Items, row *Row) bool {
	return slices.ContainsFunc(items, func(r Row) bool { return r.Index == row.Index })
}

func TestNamesAndUnits(t *testing.T) {
	eachRow(func(flavor Flavor, text *TextFamily, row *Row) {
		descriptor := row.Family.OTel
		switch {
		case descriptor.Name == "":
			if row.OmitReason == "" {
				t.Errorf("%v: %s{item=%q} has neither a name nor a reason", flavor, text.Name, row.Item)
			}
		case !otelName.MatchString(descriptor.Name), !units.MatchString(descriptor.Unit),
			!strings.HasSuffix(descriptor.Description, "."), strings.Contains(descriptor.Description, "{}"):
			t.Errorf("%v: %s{item=%q} has the name %q, unit %q, description %q",
				flavor, text.Name, row.Item, descriptor.Name, descriptor.Unit, descriptor.Description)
		}
	})
}

func TestAttributeKeysAreUnique(t *testing.T) {
	eachRow(func(flavor Flavor, text *TextFamily, row *Row) {
		descriptor := row.Family.OTel
		keys := slices.Clone(descriptor.LabelKeys)
		for _, attribute := range descriptor.Attributes {
			keys = append(keys, attribute.Key)
		}
		slices.Sort(keys)
		for i, key := range keys {
			if key != "" && i > 0 && keys[i-1] == key {
				t.Errorf("%v: %s{item=%q} has the attribute %s twice", flavor, text.Name, row.Item, key)
			}
		}
	})
}

// TestMetricsAreNotNamespaces checks that no metric name is the prefix of
// another one.
func TestMetricsAreNotNamespaces(t *testing.T) {
	names := map[string]bool{}
	eachRow(func(_ Flavor, _ *TextFamily, row *Row) { names[row.Family.OTel.Name] = true })
	for name := range names {
		for other := range names {
			if strings.HasPrefix(other, name+".") && name != "" {
				t.Errorf("%s is a metric and also the namespace of %s", name, other)
			}
		}
	}
}

// TestLabelsDoNotCollideWithIdentity checks that no label has the name of one of
// those that identify the sandbox on every point with naming "prometheus".
func TestLabelsDoNotCollideWithIdentity(t *testing.T) {
	identity := []string{"sandbox_id", "cri_uid", "cri_name", "cri_namespace", "job", "instance"}
	eachRow(func(_ Flavor, text *TextFamily, row *Row) {
		for _, key := range row.Family.Prometheus.LabelKeys {
			if slices.Contains(identity, key) {
				t.Errorf("%s has the label %s", text.Name, key)
			}
		}
	})
}
