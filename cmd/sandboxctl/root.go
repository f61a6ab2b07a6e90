package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

//go:embed help/root.txt
var rootHelp string

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:     "sandboxctl",
		Short:   "Tool for operators of the sandbox receiver",
		Version: buildVersion().Version,
		Long:    rootHelp,
		// Errors of the command line occur before. No subcommand may have a hook of
		// this kind, because it would replace this one.
		PersistentPreRun: func(command *cobra.Command, _ []string) { setStarted(command.Context()) },
		// run prints errors once; the usage is printed only on request.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newAgentURLCommand(),
		newDoctorCommand(),
		newEventsCommand(),
		newExplainCommand(),
		newExportCommand(),
		newListCommand(),
		newSimulateCommand(),
		newTopCommand(),
		newVersionCommand(),
	)
	return root
}
