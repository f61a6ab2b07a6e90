package catalog

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var update = flag.Bool("update", false, "write docs/kata-metrics.md anew")

// TestDocument keeps the documentation of the catalog current. To write it:
//
//	go test ./internal/kata/catalog -run TestDocument -update
func TestDocument(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "kata-metrics.md")
	want := document()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the catalog says; run this test with -update", path)
	}
}

const introduction = `# Kata Containers: all metrics

<!-- Written by "go test ./internal/kata/catalog -run TestDocument -update"; do not edit. -->

What the receiver makes of each item in the text of a Kata shim.

* **Written by**: the runtime written in Go, runtime-rs, or the host, where the receiver reads what the shim must not be asked for.
* **Metric**: the name with ` + "`naming: otel`" + `. With ` + "`naming: prometheus`" + ` metrics have the name in the heading (families that begin with ` + "`go_` or `process_`" + ` get ` + "`kata_shim_`" + ` before it), values and labels as in the text, and the type in the heading.
* **×**: what the value in the text is multiplied by.
* **Attributes**: constant ones as key=value; of others only the key, with the label of the text in brackets.
* **Default**: whether ` + "`families: default`" + ` has it; ` + "`families: all`" + ` has everything.
* A counter never goes down. If one does, its point is left out once; if it stays down, it counts as started anew.

Rows without a metric exist with ` + "`naming: prometheus`" + ` only, for the reason given. Whatever is not listed here is dropped and counted.
`

var headings = []string{
	"Shim", "Virtual machine monitor", "virtiofsd", "Control group of the sandbox", "Agent in the guest", "Guest", "Firecracker", "Process of the Go shim",
}

var remarks = map[string]string{
	"Control group of the sandbox": "Only where the shim must not be asked. kata-monitor has no such metrics.",
	"Agent in the guest":           "The guest says so itself: these have the scope of guest data.",
	"Guest":                        "The guest says so itself: these have the scope of guest data.",
	"Firecracker":                  "Values are mostly changes within one minute, because Firecracker starts its counters anew each time it writes them.",
}

// document writes the catalog as Markdown.
func document() string {
	var out strings.Builder
	out.WriteString(introduction)
	for i, part := range table {
		fmt.Fprintf(&out, "\n## %s\n", headings[i])
		if remark := remarks[headings[i]]; remark != "" {
			fmt.Fprintf(&out, "\n%s\n", remark)
		}
		for j := range part {
			documentFamily(&out, &part[j])
		}
	}
	return out.String()
}

func documentFamily(out *strings.Builder, f *family) {
	var by []string
	for _, row := range []struct {
		bit  writers
		name string
	}{{goText, "Go"}, {rustText, "runtime-rs"}, {passive, "host"}} {
		if f.writers&row.bit != 0 {
			by = append(by, row.name)
		}
	}
	var labels strings.Builder
	for _, label := range f.labels {
		fmt.Fprintf(&labels, ", label `%s`", label.Key)
		if f.only != "" {
			fmt.Fprintf(&labels, " = `%s`", f.only)
		}
	}
	fmt.Fprintf(out, "\n### `%s`\n\n", f.name)
	if f.writers == passive {
		out.WriteString("Read on the host.\n\n")
	} else {
		fmt.Fprintf(out, "Type in the text: %s%s. Written by: %s.\n\n", kindName(f.kind), labels.String(), strings.Join(by, ", "))
	}
	out.WriteString("| Item | Metric | Type | Unit | × | Attributes | Default | Description |\n|---|---|---|---|---|---|---|---|\n")
	into := &TextFamily{Name: f.name, PeerName: PeerName(f.name), Labels: f.labels, Section: f.component.section}
	for i := range f.items {
		documentRow(out, f.row(&f.items[i], into, f.labels), f.labels, f.items[i].text)
	}
	if f.name == "kata_guest_vm_stat" {
		for i := range vmStatKinds {
			documentRow(out, f.row(&vmStatKinds[i], into, byVMStatKey), byVMStatKey, "any other")
		}
	}
}

func documentRow(out *strings.Builder, row Row, labels []Label, item string) {
	form := &row.Family.OTel
	if form.Name == "" {
		fmt.Fprintf(out, "| %s | – | | | | | | %s |\n", item, row.Instead)
		return
	}
	var attributes []string
	for _, attribute := range form.Attributes {
		attributes = append(attributes, attribute.Key+"="+attribute.Value)
	}
	for i, key := range form.LabelKeys {
		if key != "" {
			attributes = append(attributes, key+" ["+labels[i].Key+"]")
		}
	}
	scale, usual := "", ""
	if form.Scale != 0 && form.Scale != 1 {
		scale = fmt.Sprint(form.Scale)
	}
	if row.Usual {
		usual = "yes"
	}
	fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s | %s%s |\n", item, form.Name, kindName(form.Kind), form.Unit, scale,
		strings.Join(attributes, ", "), usual, form.Description, fixRemark(row.Fix))
}

func kindName(kind sandbox.Kind) string {
	return [...]string{"gauge", "counter", "up-down counter", "histogram", "summary"}[kind]
}

func fixRemark(fix Fix) (remark string) {
	for _, row := range []struct {
		bit  Fix
		text string
	}{
		{NotZero, " Left out when it is 0."},
		{Wrapped, " Values from 2⁶³ on are taken as negative."},
		{Unlimited, " Left out when it says that there is no limit."},
		{Hundredths, " Rounded to two decimals."},
	} {
		if fix&row.bit != 0 {
			remark += row.text
		}
	}
	return remark
}
