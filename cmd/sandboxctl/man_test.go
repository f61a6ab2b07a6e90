package main

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var manDirectory = flag.String("man", "", "the directory to which TestManPages writes the manual pages")

// Every command has a manual page. `make release` writes them with this test, so that the
// program does not contain what only they need.
func TestManPages(t *testing.T) {
	directory := *manDirectory
	if directory == "" {
		directory = t.TempDir()
	}
	require.NoError(t, os.MkdirAll(directory, 0o755))
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		seconds = 0
	}
	date := time.Unix(seconds, 0).UTC()
	root := newRootCommand()
	root.InitDefaultHelpCmd()
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{
		Section: "1", Manual: "Sandbox receiver", Date: &date,
		Source: "sandboxctl " + cmp.Or(os.Getenv("VERSION"), root.Version),
	}
	require.NoError(t, doc.GenManTree(root, header, directory))
	checkPages(t, root, directory)
}

// checkPages checks the page of a command and those of its subcommands.
func checkPages(t *testing.T, command *cobra.Command, directory string) {
	t.Helper()
	if !command.IsAvailableCommand() && command.HasParent() {
		return
	}
	file := filepath.Join(directory, strings.ReplaceAll(command.CommandPath(), " ", "-")+".1")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, heading := range []string{".SH NAME", ".SH SYNOPSIS"} {
		assert.Contains(t, string(text), heading, file)
	}
	for _, subcommand := range command.Commands() {
		checkPages(t, subcommand, directory)
	}
}
