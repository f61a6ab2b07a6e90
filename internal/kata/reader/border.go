package reader

import (
	"bytes"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalogue"
)

// border tells the host part of an answer from the guest part.
type border struct {
	flavour  catalogue.Flavour
	lastHost string
	// section is the part that the text is in.
	section catalogue.Section
	// last is the name of the last family of a Go shim's host part.
	last []byte
}

// The first families of the host parts of runtime-rs.
const (
	hypervisorMark = "# HELP kata_hypervisor_scrape_count "
	shimMark       = "# HELP kata_shim_fds "
)

// marks are the places where host parts of runtime-rs begin, markSections what
// begins there.
var (
	marks        = [][]byte{[]byte(shimMark), []byte(hypervisorMark)}
	markSections = []catalogue.Section{catalogue.Shim, catalogue.Hypervisor}
)

// marksOf are the marks that an answer can have. hypervisor is the one of the
// state file.
func marksOf(flavour catalogue.Flavour, hypervisor string) [][]byte {
	switch {
	case flavour != catalogue.Rust:
		return nil
	case hypervisor == "dragonball":
		return marks
	}
	// Other hypervisors write nothing of their own, so a guest must not be
	// able to begin such a part.
	return marks[:1]
}

func (b *border) reset(c *catalogue.Catalogue, flavour catalogue.Flavour) {
	b.flavour, b.lastHost, b.last = flavour, c.LastHost, b.last[:0]
	b.section = catalogue.Guest
	if flavour == catalogue.Go {
		b.section = catalogue.Shim
	}
}

// declare is told the family of each line "# TYPE …", in the order of the text.
func (b *border) declare(family []byte) {
	if b.flavour != catalogue.Go || b.section == catalogue.Guest {
		return
	}
	// The shim declares each of its families once, so the last one again is the
	// guest's.
	if bytes.Compare(family, b.last) <= 0 || string(b.last) == b.lastHost || !catalogue.IsHostName(family) {
		b.section = catalogue.Guest
		return
	}
	b.last = append(b.last[:0], family...)
}

// enter is told the family of samples, where another one than before begins.
func (b *border) enter(family []byte) {
	if !bytes.Equal(family, b.last) {
		b.declare(family)
	}
}

// admits tells whether a host family may stand where the text is.
func (b *border) admits(section catalogue.Section) bool {
	if b.flavour == catalogue.Go {
		return b.section != catalogue.Guest
	}
	return b.section == section
}
