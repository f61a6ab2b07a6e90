package series

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
)

// maxLabelBytes limits the encoded labels of a point and of a resource. Larger ones
// look the same to a reader, and would make the limit on series useless.
const maxLabelBytes = 64 << 10

// label is a label under its translated name. source is the attribute key.
type label struct {
	name, value, source string
}

// LabelSet is a set of labels, encoded once for all series that share it:
//
//	sandbox="a",state="running"
type LabelSet struct {
	// Text is the set in the text format, without braces. Labels without value are
	// absent: to Prometheus, they do not exist.
	Text string
	sum  uint64
	refs int
}

// appendLabels appends the translated attributes, sorted by key.
func (s *Store) appendLabels(labels []label, prefix string, attributes pcommon.Map) ([]label, error) {
	start := len(labels)
	for key, value := range attributes.All() {
		name, err := s.names.Label(prefix + key)
		if err != nil {
			return labels[:start], err
		}
		labels = append(labels, label{name: name, value: valid(value), source: key})
	}
	return labels, nil
}

// mergeLabels sorts labels by name. As the specification of OpenTelemetry asks, it joins
// the values of attributes that have the same name after translation.
func mergeLabels(labels []label) []label {
	slices.SortStableFunc(labels, func(a, b label) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.source, b.source)
	})
	merged := labels[:0]
	for _, l := range labels {
		if n := len(merged); n > 0 && merged[n-1].name == l.name {
			merged[n-1].value += ";" + l.value
			continue
		}
		merged = append(merged, l)
	}
	return merged
}

// sum returns a hash of labels that does not depend on their order, so that the hash
// of two sets together is the sum of their hashes.
func (h hasher) sum(labels []label) uint64 {
	var sum uint64
	for _, l := range labels {
		if l.value != "" {
			sum += mix(h.string(l.name), h.string(l.value))
		}
	}
	return sum
}

// encode appends labels in the text format.
func encode(text []byte, labels []label) []byte {
	first := true
	for _, l := range labels {
		if l.value == "" {
			continue
		}
		if !first {
			text = append(text, ',')
		}
		first = false
		if names.PlainLabel(l.name) {
			text = append(text, l.name...)
		} else {
			text = append(text, '"')
			text = AppendEscaped(text, l.name, true)
			text = append(text, '"')
		}
		text = append(text, '=', '"')
		text = AppendEscaped(text, l.value, true)
		text = append(text, '"')
	}
	return text
}

// AppendEscaped appends value as the text formats escape it. Double quotes are escaped
// in label values, and in OpenMetrics also in help texts.
func AppendEscaped(text []byte, value string, quotes bool) []byte {
	start := 0
	for i := range len(value) {
		var escaped byte
		switch value[i] {
		case '\\':
			escaped = '\\'
		case '\n':
			escaped = 'n'
		case '"':
			if !quotes {
				continue
			}
			escaped = '"'
		default:
			continue
		}
		text = append(text, value[start:i]...)
		text = append(text, '\\', escaped)
		start = i + 1
	}
	return append(text, value[start:]...)
}

// labelSet returns the shared set of labels, which the caller has to release.
func (s *Store) labelSet(labels []label, sum uint64) (*LabelSet, error) {
	text := encode(s.scratch[:0], labels)
	s.scratch = text
	if len(text) > maxLabelBytes {
		return nil, fmt.Errorf("labels have %d bytes: must have at most %d", len(text), maxLabelBytes)
	}
	set, ok := s.labelSets[string(text)]
	if !ok {
		set = &LabelSet{Text: string(text), sum: sum}
		s.labelSets[set.Text] = set
	}
	set.refs++
	return set, nil
}

func (s *Store) releaseLabelSet(set *LabelSet) {
	set.refs--
	if set.refs == 0 {
		delete(s.labelSets, set.Text)
	}
}

// validHelp returns a help text that can be encoded.
func validHelp(text string) string {
	const maxHelpBytes = 16 << 10
	if len(text) > maxHelpBytes {
		text = text[:maxHelpBytes]
	}
	if !utf8.ValidString(text) {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	return strings.Clone(text)
}
