package reader

import (
	"bytes"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// boundary tracks where the host parts of a response begin and end.
type boundary struct {
	flavor   catalog.Flavor
	lastHost string
	// section is the section of the current line.
	section catalog.Section
	// previous is the name of the last family in the host part of a Go shim.
	previous []byte
}

// Prefixes of the HELP lines that begin the host parts of runtime-rs:
//
//	# HELP kata_shim_fds Kata containerd shim v2 open FDs.
const (
	hypervisorMark = "# HELP kata_hypervisor_scrape_count "
	shimMark       = "# HELP kata_shim_fds "
)

// marks are the texts that begin a host part of runtime-rs, markSections the
// section that each of them begins.
var (
	marks        = [][]byte{[]byte(shimMark), []byte(hypervisorMark)}
	markSections = []catalog.Section{catalog.Shim, catalog.Hypervisor}
)

// marksOf returns the marks that a response can have. hypervisor is the one
// named by the state file.
func marksOf(flavor catalog.Flavor, hypervisor string) [][]byte {
	switch {
	case flavor != catalog.Rust:
		return nil
	case hypervisor == "dragonball":
		return marks
	}
	// Other hypervisors write no part, so a guest must not be able to begin one.
	return marks[:1]
}

func (b *boundary) reset(c *catalog.Catalog, flavor catalog.Flavor) {
	b.flavor, b.lastHost, b.previous = flavor, c.LastHost, b.previous[:0]
	b.section = catalog.Guest
	if flavor == catalog.Go {
		b.section = catalog.Shim
	}
}

// declare updates the section at the "# TYPE" line of a family. It must be
// called for all families in the order of the text.
func (b *boundary) declare(family []byte) {
	if b.flavor != catalog.Go || b.section == catalog.Guest {
		return
	}
	// The shim declares each of its families once, so a repetition of the last
	// one comes from the guest.
	if bytes.Compare(family, b.previous) <= 0 || string(b.previous) == b.lastHost || !catalog.IsHostName(family) {
		b.section = catalog.Guest
		return
	}
	b.previous = append(b.previous[:0], family...)
}

// enter updates the section at the first sample of a family, which may lack a
// "# TYPE" line.
func (b *boundary) enter(family []byte) {
	if !bytes.Equal(family, b.previous) {
		b.declare(family)
	}
}

// allows reports whether a host family of the given section is allowed at the
// current line.
func (b *boundary) allows(section catalog.Section) bool {
	if b.flavor == catalog.Go {
		return b.section != catalog.Guest
	}
	return b.section == section
}
