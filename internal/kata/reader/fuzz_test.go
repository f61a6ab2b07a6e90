package reader

import (
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// fuzzLayout is a layout of responses with its host part.
type fuzzLayout struct {
	flavor     catalog.Flavor
	hypervisor string
	host       string
	want       []sandbox.Point // of the host part
}

// FuzzReader checks that no text of a guest changes the host points, and that
// any text can be read as a response.
func FuzzReader(f *testing.F) {
	for _, text := range hostileTexts {
		if len(text) < 1<<12 {
			f.Add(text)
		}
	}
	settings := settingsFor(f, "prometheus")
	keepUnknown := settingsFor(f, "otel", func(o *Options) { o.Unknown = "gauge" })
	layouts := []fuzzLayout{
		{flavor: catalog.Go, hypervisor: "qemu"},
		{flavor: catalog.Rust, hypervisor: "dragonball"},
		{flavor: catalog.Rust, hypervisor: "clh"},
	}
	for i := range layouts {
		l := &layouts[i]
		l.host = hostText(l.flavor, l.hypervisor)
		l.want = hostOnly(read(f, New(l.flavor, l.hypervisor, settings), l.host))
	}
	f.Fuzz(func(t *testing.T, guest string) {
		if len(guest) > 1<<14 {
			return
		}
		for i := range layouts {
			l := &layouts[i]
			fuzzGuestPart(t, l, settings, guest)
			fuzzWholeResponse(t, l, settings, guest)
			fuzzWholeResponse(t, l, keepUnknown, guest)
		}
	})
}

// fuzzGuestPart reads responses with the guest's text after or before the host
// part.
func fuzzGuestPart(t *testing.T, l *fuzzLayout, settings *Settings, guest string) {
	t.Helper()
	r := New(l.flavor, l.hypervisor, settings)
	for range 2 { // the second response is read with the state of the first
		reading := newReading()
		if err := r.Read(strings.NewReader(shimResponse(l.flavor, l.host, guest)), reading); err != nil {
			t.Fatalf("%v %s: %v", l.flavor, l.hypervisor, err)
		}
		if got := hostOnly(reading); !samePoints(got, l.want) {
			t.Errorf("%v %s: %d host points differ from the expected %d", l.flavor, l.hypervisor, len(got), len(l.want))
		}
		checkGuestPoints(t, settings, reading)
	}
	if l.flavor == catalog.Go {
		// No shim sends this: the unmodified text of the guest after the
		// declaration of a guest family.
		reading := newReading()
		text := l.host + "# TYPE kata_guest_load gauge\n" + guest
		_ = New(l.flavor, l.hypervisor, settings).Read(strings.NewReader(text), reading)
		if got := hostOnly(reading); !samePoints(got, l.want) {
			t.Errorf("unmodified text: %d host points differ from the expected %d", len(got), len(l.want))
		}
	}
}

// fuzzWholeResponse reads the guest's text as a response.
func fuzzWholeResponse(t *testing.T, l *fuzzLayout, settings *Settings, guest string) {
	t.Helper()
	r := New(l.flavor, l.hypervisor, settings)
	reading := newReading()
	_ = r.Read(strings.NewReader(guest), reading)
	appended := newReading()
	r.AppendSeries(appended)
	if len(appended.Points) != len(reading.Points) {
		t.Errorf("AppendSeries appended %d series, want %d", len(appended.Points), len(reading.Points))
	}
}
