package output

import (
	"bytes"
	"encoding/json"
	"io"

	"go.yaml.in/yaml/v3"
)

// JSON writes a value as indented JSON.
func JSON(w io.Writer, value any) error { return writeJSON(w, value, "  ") }

// JSONLine writes a value as JSON on one line.
func JSONLine(w io.Writer, value any) error { return writeJSON(w, value, "") }

func writeJSON(w io.Writer, value any, indent string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(EscapeJSON(text.Bytes()))
	return err
}

// YAML writes a value as YAML, with the fields and the order of its JSON.
func YAML(w io.Writer, value any) error {
	var text bytes.Buffer
	if err := JSON(&text, value); err != nil {
		return err
	}
	var document yaml.Node // JSON is YAML.
	if err := yaml.Unmarshal(text.Bytes(), &document); err != nil {
		return err
	}
	useBlockStyle(&document)
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return err
	}
	return encoder.Close()
}

// useBlockStyle makes a document look like YAML instead of JSON. Empty lists and objects,
// and strings that would otherwise be another type, keep their form.
func useBlockStyle(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		useBlockStyle(child)
	}
}
