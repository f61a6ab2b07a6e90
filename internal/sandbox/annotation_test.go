package sandbox

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestPutAnnotation(t *testing.T) {
	var got []Attribute
	for _, pair := range [][2]string{{"b", "1"}, {"c", "2"}, {"a", "3"}, {"b", "4"}, {"c", ""}} {
		got = PutAnnotation(got, pair[0], []byte(pair[1]))
	}
	assert.Equal(t, []Attribute{{"a", "3"}, {"b", "4"}, {"c", ""}}, got)
	id := Identity{Annotations: got}
	value, found := id.Annotation("b")
	assert.True(t, found)
	assert.Equal(t, "4", value)
	_, found = id.Annotation("c")
	assert.True(t, found, "an empty value is a value")
	_, found = id.Annotation("d")
	assert.False(t, found)
}

func TestAnnotationIsCutBetweenCharacters(t *testing.T) {
	const limit = MaxAnnotationLength
	for value, want := range map[string]int{
		strings.Repeat("x", limit):                        limit,
		strings.Repeat("x", limit+1):                      limit,
		strings.Repeat("x", limit-1) + "é":                limit - 1,
		strings.Repeat("x", limit-2) + "é":                limit,
		strings.Repeat("x", limit-3) + "😀":                limit - 3,
		strings.Repeat("x", 1<<20):                        limit,
		"x" + strings.Repeat("😀", limit):                  limit - 3,
		strings.Repeat("\xff", 10):                        len("\uFFFD"),
		strings.Repeat("x\xff", limit):                    limit,
		strings.Repeat("x", limit) + "\xff":               limit,
		strings.Repeat("x", limit-1) + "\xf0\x9f":         limit - 1,
		strings.Repeat("x", limit-len("\uFFFD")) + "\xff": limit,
	} {
		got := PutAnnotation(nil, "k", []byte(value))[0].Value
		assert.Len(t, got, want, "%.300q", value)
		assert.True(t, utf8.ValidString(got))
	}
}
