package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSuggestion misspells a command: the suggestion must not contain escaped tabs.
func TestSuggestion(t *testing.T) {
	r := execute(t, "lst")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "Did you mean this?\n  list\n")
}
