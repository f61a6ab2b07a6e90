package render

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

// flushSize is how many bytes are collected before they are passed on. A family is never
// split.
const flushSize = 64 << 10

// Options configure a Renderer.
type Options struct {
	// Timestamps reports whether lines have the time of the point.
	Timestamps bool
	// Created reports whether a page in OpenMetrics has _created lines.
	Created bool
	// UTF8 reports whether names may have characters that a client may not accept.
	UTF8 bool
}

// Renderer renders pages. It must not be used concurrently.
type Renderer struct {
	store   *series.Store
	options Options
	visit   func(*series.Series)

	format   Format
	families []*series.Family
	page     []byte

	// The following belong to the current family.
	family  *series.Family
	base    string
	started bool
	samples samples
	escaper *escaper
}

// New returns a Renderer for the series of a store.
func New(store *series.Store, options Options) *Renderer {
	r := &Renderer{store: store, options: options}
	r.visit = r.series
	return r
}

// Render writes a page. Every call of w.Write has complete families, and is not under
// the lock of the store.
func (r *Renderer) Render(w io.Writer, format Format, now time.Time) error {
	defer r.release()
	families, infoName, info := r.store.Families(r.families[:0])
	r.families, r.format, r.page, r.escaper = families, format, r.page[:0], nil
	if r.options.UTF8 && format.Escaping != model.NoEscaping {
		r.escaper = &escaper{scheme: format.Escaping, names: make(map[string]struct{}), lines: make(map[string]struct{})}
	}
	if info {
		r.info(infoName, now)
	}
	for _, family := range r.families {
		if !r.begin(family) {
			continue
		}
		r.store.Read(family, now, r.visit)
		if len(r.page) >= flushSize {
			if err := r.flush(w); err != nil {
				return err
			}
		}
	}
	if format.OpenMetrics {
		r.page = append(r.page, "# EOF\n"...)
	}
	return r.flush(w)
}

func (r *Renderer) flush(w io.Writer) error {
	_, err := w.Write(r.page)
	r.page = r.page[:0]
	return err
}

// release drops references to families that may end before the next page, and a buffer
// that an unusual family made large.
func (r *Renderer) release() {
	const largeBuffer = 8 << 20
	clear(r.families)
	r.family, r.escaper = nil, nil
	if cap(r.page) > largeBuffer {
		r.page = nil
	}
}

// begin prepares the lines of a family. It returns false if the family cannot be on the
// page.
func (r *Renderer) begin(family *series.Family) bool {
	r.family, r.started = family, false
	name := family.Name
	if r.escaper != nil {
		var ok bool
		if name, ok = r.escaper.family(family); !ok {
			return false
		}
	}
	r.base = name
	if r.format.OpenMetrics && family.Kind == series.Counter {
		if base, ok := strings.CutSuffix(name, "_total"); ok && base != "" && !r.isFamily(base) {
			r.base = base
		}
	}
	r.samples.set(name, r.base)
	return true
}

// isFamily reports whether the page has a family with a name.
func (r *Renderer) isFamily(name string) bool {
	_, found := slices.BinarySearchFunc(r.families, name, func(f *series.Family, name string) int {
		return strings.Compare(f.Name, name)
	})
	return found
}

// header appends the lines that precede the first line of a family:
//
//	# HELP sandbox_uptime_seconds Time since the sandbox was created.
//	# TYPE sandbox_uptime_seconds gauge
//	# UNIT sandbox_uptime_seconds seconds
func (r *Renderer) header() {
	kind := r.family.Kind.String()
	if r.format.OpenMetrics && r.family.Kind == series.Counter && r.base == r.samples.name {
		// OpenMetrics requires that counters end in _total.
		kind = "unknown"
	}
	r.comments(r.base, r.family.Help, kind)
	unit := r.family.Unit
	if r.format.OpenMetrics && unit != "" && strings.HasSuffix(r.base, "_"+unit) {
		r.page = append(r.page, "# UNIT "...)
		r.page = appendName(r.page, r.base)
		r.page = append(r.page, ' ')
		r.page = append(r.page, unit...)
		r.page = append(r.page, '\n')
	}
}

func (r *Renderer) comments(name, help, kind string) {
	if help != "" {
		r.page = append(r.page, "# HELP "...)
		r.page = appendName(r.page, name)
		r.page = append(r.page, ' ')
		r.page = series.AppendEscaped(r.page, help, r.format.OpenMetrics)
		r.page = append(r.page, '\n')
	}
	r.page = append(r.page, "# TYPE "...)
	r.page = appendName(r.page, name)
	r.page = append(r.page, ' ')
	r.page = append(r.page, kind...)
	r.page = append(r.page, '\n')
}

// info appends target_info.
func (r *Renderer) info(name string, now time.Time) {
	base, kind := name, "gauge"
	if target, ok := strings.CutSuffix(name, "_info"); ok && r.format.OpenMetrics && !r.isFamily(target) {
		base, kind = target, "info"
	}
	started := false
	r.store.ReadInfo(now, func(resource *series.Resource) {
		if !started {
			started = true
			r.comments(base, "Target metadata", kind)
		}
		labels := resource.Info
		if r.escaper != nil {
			labels = r.escaper.labels(labels, "")
		}
		r.page = append(r.page, name...)
		r.page = append(r.page, '{')
		r.page = append(r.page, labels...)
		r.page = append(r.page, "} 1\n"...)
	})
	if started && r.escaper != nil {
		r.escaper.names[name] = struct{}{}
	}
}
