package reader

import (
	"bytes"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// border tells the host part of an answer from the guest part.
type border struct {
	flavor   catalog.Flavor
	lastHost string
	// section is the part that the text is in.
	section catalog.Section
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
	markSections = []catalog.Section{catalog.Shim, catalog.Hypervisor}
)

// marksOf are the marks that an answer can have. hypervisor is the one of the
// state file.
func marksOf(flavor catalog.Flavor, hypervisor string) [][]byte {
	switch {
	case flavor != catalog.Rust:
		return nil
	case hypervisor == "dragonball":
		return marks
	}
	// Other hypervisors write nothing of their own, so a guest must not be
	// able to begin such a part.
	return marks[:1]
}

func (b *border) reset(c *catalog.Catalog, flavor catalog.Flavor) {
	b.flavor, b.lastHost, b.last = flavor, c.LastHost, b.last[:0]
	b.section = catalog.Guest
	if flavor == catalog.Go {
		b.section = catalog.Shim
	}
}

// declare is told the family of each line "# TYPE …", in the order of the text.
func (b *border) declare(family []byte) {
	if b.flavor != catalog.Go || b.section == catalog.Guest {
		return
	}
	// The shim declares each of its families once, so the last one again is the
	// guest's.
	if bytes.Compare(family, b.last) <= 0 || string(b.last) == b.lastHost || !catalog.IsHostName(family) {
		b.section = catalog.Guest
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
func (b *border) admits(section catalog.Section) bool {
	if b.flavor == catalog.Go {
		return b.section != catalog.Guest
	}
	return b.section == section
}
