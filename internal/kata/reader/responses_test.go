package reader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Made-up answers with every row of the catalog, in the shape that shims
// write them.

const (
	created = 1_800_000_000 // when the sandboxes of these tests were made
	started = created - 2   // when their shims started
	pulled  = created + 600
)

// labelTexts are the texts of a label in made-up answers.
func labelTexts(label catalog.Label) []string {
	return map[string][]string{
		"interface": {"eth0", "lo"}, "disk": {"vda"}, "device": {"vda"}, "mount": {"/"},
		"cpu": {"0", "1"}, "cpu_id": {"0", "1"}, "action": {"create", "grpc.CheckRequest"}, "version": {"go1.26.8"},
	}[label.Key]
}

// familyText is the text of one family, with values from next.
func familyText(family *catalog.TextFamily, next func() int) string {
	var out strings.Builder
	kind := map[sandbox.Kind]string{sandbox.Gauge: "gauge", sandbox.Counter: "counter", sandbox.Histogram: "histogram", sandbox.Summary: "summary"}[family.Kind]
	fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", family.Name, family.Items[0].Family.Prometheus.Description, family.Name, kind)
	sets := []string{""}
	for _, label := range family.Labels {
		var longer []string
		for _, set := range sets {
			for _, text := range labelTexts(label) {
				longer = append(longer, set+","+label.Key+`="`+text+`"`)
			}
		}
		sets = longer
	}
	items := family.Items
	if family.OnlyText != "" {
		sets = append(sets, ","+family.Labels[0].Key+`="`+family.OnlyText+`"`)
	}
	keys := []string{}
	for i := range items {
		keys = append(keys, items[i].Item)
	}
	if family.Other([]byte("x")) != nil {
		keys = append(keys, "nr_free_pages", "nr_kernel_stack", "pgfault", "pgpgin", "pgscan_kswapd", "thp_fault_alloc")
		slices.Sort(keys)
	}
	for _, set := range sets {
		for _, key := range keys {
			labels := set
			if family.HasItems {
				labels += `,item="` + key + `"`
			}
			writeSamples(&out, family, strings.TrimPrefix(labels, ","), next())
		}
	}
	return out.String()
}

func writeSamples(out *strings.Builder, family *catalog.TextFamily, labels string, value int) {
	braces := func(extra string) string {
		if all := strings.Trim(labels+","+extra, ","); all != "" {
			return "{" + all + "}"
		}
		return ""
	}
	switch {
	case family.Name == catalog.StartTime:
		value = started
	case family.Kind == sandbox.Histogram:
		for i, bound := range catalog.BoundTexts {
			fmt.Fprintf(out, "%s_bucket%s %d\n", family.Name, braces(`le="`+bound+`"`), value*(i+1))
		}
		fmt.Fprintf(out, "%s_sum%s %d\n%s_count%s %d\n", family.Name, braces(""), 100*value, family.Name, braces(""), value*len(catalog.BoundTexts))
		return
	case family.Kind == sandbox.Summary:
		for i, at := range catalog.QuantileTexts {
			fmt.Fprintf(out, "%s%s %d\n", family.Name, braces(`quantile="`+at+`"`), value+i)
		}
		fmt.Fprintf(out, "%s_sum%s %d\n%s_count%s %d\n", family.Name, braces(""), 5*value, family.Name, braces(""), value)
		return
	}
	fmt.Fprintf(out, "%s%s %d\n", family.Name, braces(""), value)
}

// counter yields one number after another.
func sequence(from int) func() int {
	return func() int { from++; return from }
}

// hostText is the host part of an answer.
func hostText(flavor catalog.Flavor, hypervisor string) string {
	var families []*catalog.TextFamily
	for _, family := range catalog.For(flavor).Families {
		wanted := family.InText && family.Section != catalog.Guest
		if flavor == catalog.Rust && family.Section == catalog.Hypervisor {
			wanted = wanted && hypervisor == "dragonball"
		}
		if wanted && (hypervisor == "firecracker" || !strings.HasPrefix(family.Name, "kata_firecracker_")) {
			families = append(families, family)
		}
	}
	slices.SortFunc(families, func(a, b *catalog.TextFamily) int { return cmp.Compare(a.Name, b.Name) })
	return familiesText(families, sequence(1000))
}

// guestText is what an honest agent says.
func guestText(flavor catalog.Flavor) string {
	var families []*catalog.TextFamily
	for _, family := range catalog.For(flavor).Families {
		if family.Section == catalog.Guest {
			families = append(families, family)
		}
	}
	return familiesText(families, sequence(5000))
}

func familiesText(families []*catalog.TextFamily, next func() int) string {
	var out strings.Builder
	for _, family := range families {
		out.WriteString(familyText(family, next))
	}
	return out.String()
}

// answer puts the parts of an answer together as a flavor does.
func response(flavor catalog.Flavor, host, guest string) string {
	if flavor == catalog.Rust {
		return guest + host
	}
	return host + guest
}

// settingsFor makes settings of a naming with all families.
func settingsFor(tb testing.TB, naming string, change ...func(*Options)) *Settings {
	tb.Helper()
	options := Options{Naming: naming, Families: "all"}
	for _, change := range change {
		change(&options)
	}
	settings, err := NewSettings(options)
	if err != nil {
		tb.Fatal(err)
	}
	return settings
}
