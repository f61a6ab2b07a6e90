package differential

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/stretchr/testify/require"
)

// content is what Prometheus reads from a page: lines by name and labels, and the
// metadata of families. Labels without value do not exist in Prometheus.
type content struct {
	lines       map[string]string
	types, help map[string]string
}

// parse reads a page with a parser of Prometheus.
func parse(t testing.TB, page []byte, contentType string) content {
	t.Helper()
	c, err := read(page, contentType)
	require.NoError(t, err, "%s", page)
	return c
}

// read fails if the parser does, if two lines are the same series, or if a family is on
// the page twice.
func read(page []byte, contentType string) (content, error) {
	c := content{lines: make(map[string]string), types: make(map[string]string), help: make(map[string]string)}
	parser, err := textparse.New(page, contentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return c, err
	}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err == nil {
			err = c.add(entry, parser)
		}
		if err != nil {
			return c, err
		}
	}
}

func (c content) add(entry textparse.Entry, parser textparse.Parser) error {
	switch entry {
	case textparse.EntrySeries:
		return c.addLine(parser)
	case textparse.EntryType:
		name, kind := parser.Type()
		if _, ok := c.types[string(name)]; ok {
			return fmt.Errorf("family %s is on the page twice", name)
		}
		c.types[string(name)] = string(kind)
	case textparse.EntryHelp:
		if name, help := parser.Help(); len(help) > 0 {
			c.help[string(name)] = string(help)
		}
	case textparse.EntryUnit:
		name, unit := parser.Unit()
		if !strings.HasSuffix(string(name), "_"+string(unit)) {
			return fmt.Errorf("family %s has unit %s", name, unit)
		}
	default:
	}
	return nil
}

func (c content) addLine(parser textparse.Parser) error {
	var set labels.Labels
	_, timestamp, value := parser.Series()
	parser.Labels(&set)
	key := set.WithoutEmpty().String()
	if _, ok := c.lines[key]; ok {
		return fmt.Errorf("series %s is on the page twice", key)
	}
	if name, duplicate := set.HasDuplicateLabelNames(); duplicate {
		return fmt.Errorf("series %s has the label %s twice", key, name)
	}
	text := fmt.Sprint(value)
	if math.IsNaN(value) {
		text = "NaN"
	}
	if timestamp != nil {
		text += fmt.Sprint(" at ", *timestamp)
	}
	c.lines[key] = text
	return nil
}
