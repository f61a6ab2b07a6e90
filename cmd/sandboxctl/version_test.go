package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVersion(t *testing.T) {
	version, commit = "v0.1.0", "0123456"
	defer func() { version, commit = "", "" }()
	platform := regexp.MustCompile(`go1[.0-9a-z]+|linux|darwin|amd64|arm64`)
	for name, args := range map[string][]string{
		"text": {"version"}, "json": {"version", "-o", "json"}, "yaml": {"version", "-o", "yaml"}, "flag": {"--version"},
	} {
		t.Run(name, func(t *testing.T) {
			assertGolden(t, "version/"+name, platform.ReplaceAllString(execute(t, args...).String(), "X"))
		})
	}
}

func TestVersionOfABuildWithoutOne(t *testing.T) {
	info := buildVersion()
	assert.NotEmpty(t, info.Version)
	assert.NotEmpty(t, info.Commit)
}
