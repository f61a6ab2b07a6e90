package render

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

// escaper escapes names that a client cannot read. Different names may become equal
// then; of equal lines and families, the first is kept.
type escaper struct {
	scheme model.EscapingScheme
	// names are the names of samples on the page, lines the labels of the family.
	names, lines map[string]struct{}
}

// family returns the escaped name of a family. It returns false if the page has a sample
// of the same name.
func (e *escaper) family(f *series.Family) (name string, ok bool) {
	clear(e.lines)
	name = f.Name
	if !names.Plain(name) {
		name = model.EscapeName(name, e.scheme)
	}
	claims := f.SampleNames(name)
	for _, claim := range claims {
		if _, taken := e.names[claim]; taken {
			return "", false
		}
	}
	for _, claim := range claims {
		e.names[claim] = struct{}{}
	}
	return name, true
}

// line returns the escaped labels of a series. It returns false if the family has a line
// with the same labels.
func (e *escaper) line(labels, resource string) (escaped string, ok bool) {
	escaped = e.labels(labels, resource)
	if _, taken := e.lines[escaped]; taken {
		return "", false
	}
	e.lines[escaped] = struct{}{}
	return escaped, true
}

// labels returns two sets of labels with escaped names, sorted.
func (e *escaper) labels(labels, resource string) string {
	var pairs []string
	for _, text := range []string{labels, resource} {
		for text != "" {
			var name, value string
			name, value, text = cutLabel(text)
			if strings.HasPrefix(name, `"`) {
				name = e.label(unescape(name[1 : len(name)-1]))
			}
			pair := name + "=" + value
			duplicate := slices.ContainsFunc(pairs, func(other string) bool {
				return strings.HasPrefix(other, name+"=")
			})
			if !duplicate {
				pairs = append(pairs, pair)
			}
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// label escapes the name of a label. EscapeName keeps colons, which only names of metrics
// may have.
func (e *escaper) label(name string) string {
	return strings.ReplaceAll(model.EscapeName(name, e.scheme), ":", "_")
}

// cutLabel cuts the first label off encoded labels. name and value have their quotes:
//
//	"a.b"="x",c="y"
func cutLabel(text string) (name, value, rest string) {
	equals := strings.IndexByte(text, '=')
	if text[0] == '"' {
		equals = quotedLength(text)
	}
	name, text = text[:equals], text[equals+1:]
	end := quotedLength(text)
	value, rest = text[:end], text[end:]
	return name, value, strings.TrimPrefix(rest, ",")
}

// quotedLength returns the length of the quoted string at the beginning of text.
func quotedLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func unescape(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\"`, `"`).Replace(text)
}
