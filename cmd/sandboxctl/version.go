package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
)

// version and commit are set at build time:
//
//	go build -ldflags "-X main.version=v0.1.0 -X main.commit=0123456"
//
// Otherwise, they are those that the go command has recorded.
var version, commit string

// versionInfo is the output of the subcommand version.
type versionInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// unknownVersion is printed for what the build does not contain.
const unknownVersion = "unknown"

// buildVersion returns the version of this program.
func buildVersion() versionInfo {
	recorded, recordedCommit, modified := "", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		recorded = info.Main.Version
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				recordedCommit = setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				modified = "-modified"
			}
		}
	}
	if recordedCommit != "" {
		recordedCommit += modified
	}
	return versionInfo{
		Version: cmp.Or(version, recorded, unknownVersion), Commit: cmp.Or(commit, recordedCommit, unknownVersion),
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
}

func newVersionCommand() *cobra.Command {
	command := &cobra.Command{
		Use:               "version",
		Short:             "Print the version of sandboxctl",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := addOutputFlag(command, textFormat, output.JSONFormat, output.YAMLFormat)
	command.RunE = func(command *cobra.Command, _ []string) error {
		info := buildVersion()
		if format.Format == textFormat {
			_, err := fmt.Fprintf(command.OutOrStdout(), "sandboxctl %s (commit %s, %s, %s/%s)\n",
				info.Version, info.Commit, info.Go, info.OS, info.Arch)
			return err
		}
		return output.Write(command.OutOrStdout(), format.Format, info, nil)
	}
	return command
}
