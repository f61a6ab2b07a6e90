package registration

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Budget limits what the registrations that come from sandboxes themselves retain
// together. Those with the same metrics count once. Zero fields are no limit.
type Budget struct {
	Registrations int
	Bytes         int64
}

// IsBudget reports whether an error is that the budget was exceeded.
func IsBudget(err error) bool {
	var violation *Error
	return errors.As(err, &violation) && violation.Rule == RuleBudget
}

// checkBudget returns an error if the cache cannot retain another registration.
// The caller holds mu.
func (c *Cache) checkBudget(r *Registration) error {
	if c.budget == (Budget{}) {
		return nil
	}
	registrations, bytes := 1, r.retained()
	for set, pointer := range c.registrations {
		if other := pointer.Value(); other != nil {
			registrations++
			bytes += other.retained()
		} else {
			delete(c.registrations, set)
		}
	}
	if registrations <= c.budget.Registrations && bytes <= c.budget.Bytes {
		return nil
	}
	return &Error{Rule: RuleBudget, Detail: fmt.Sprintf(
		"distinct registrations sent by sandboxes exceed the limit of %d registrations or %d bytes: "+
			"start sandboxes with --metric-server", c.budget.Registrations, c.budget.Bytes)}
}

// perIndexEntry is the approximate size of an entry of a map from strings.
const perIndexEntry = 48

// retained returns the approximate number of bytes that a registration retains,
// without the families of known metrics, which sandboxes share.
func (r *Registration) retained() int64 {
	if r.size == 0 {
		size := 0
		for i := range r.Metrics {
			size += r.Metrics[i].retained()
		}
		r.size = int64(size)
	}
	return r.size
}

func (m *Metric) retained() int {
	const text = int(unsafe.Sizeof(""))
	size := int(unsafe.Sizeof(*m)) + perIndexEntry + len(m.Name) + len(m.Path) + len(m.Help) + len(m.Canonical) + 16*len(m.Bounds)
	for i := range m.Fields {
		field := &m.Fields[i]
		size += int(unsafe.Sizeof(*field)) + len(field.Key) + perIndexEntry*len(field.ordinals)
		for _, value := range field.Values {
			size += text + len(value)
		}
	}
	if m.unknown {
		size += retainedBy(m.Family)
		if m.Type == Histogram {
			size += retainedBy(m.Min) + retainedBy(m.Max) + retainedBy(m.SSD)
		}
	}
	return size
}

// retainedBy returns the approximate number of bytes that the family of an unknown
// metric retains. All of them share the description.
func retainedBy(family *sandbox.Family) int {
	size := int(unsafe.Sizeof(*family))
	for _, descriptor := range []*sandbox.Descriptor{&family.OTel, &family.Prometheus} {
		size += len(descriptor.Name)
		for _, key := range descriptor.LabelKeys {
			size += int(unsafe.Sizeof(key)) + len(key)
		}
	}
	return size
}
