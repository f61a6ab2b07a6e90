package sandbox

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxAnnotationLength is the maximum length of the value of an annotation in an
// identity. A longer value is truncated.
const MaxAnnotationLength = 256

// PutAnnotation adds an annotation to a list that is sorted by key, and replaces one
// with the same key. The value is truncated between two characters; bytes that are not valid
// UTF-8 are replaced.
func PutAnnotation(annotations []Attribute, key string, value []byte) []Attribute {
	annotation := Attribute{Key: key, Value: shortened(value)}
	i, found := slices.BinarySearchFunc(annotations, key, func(a Attribute, key string) int { return strings.Compare(a.Key, key) })
	if found {
		annotations[i] = annotation
		return annotations
	}
	return slices.Insert(annotations, i, annotation)
}

// shortened returns the longest text of whole characters that does not exceed the
// limit. The replacement of an invalid byte is longer than the byte.
func shortened(value []byte) string {
	text := strings.ToValidUTF8(string(value[:min(len(value), MaxAnnotationLength+utf8.UTFMax)]), "\uFFFD")
	if len(text) <= MaxAnnotationLength {
		return text
	}
	end := MaxAnnotationLength
	for !utf8.RuneStart(text[end]) {
		end--
	}
	// The clone does not keep the rest in memory.
	return strings.Clone(text[:end])
}
