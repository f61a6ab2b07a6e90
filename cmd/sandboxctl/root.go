package main

import "github.com/spf13/cobra"

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sandboxctl",
		Short: "Tool for operators of the sandbox receiver",
		// run prints errors once; the usage is printed only on request.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newSimulateCommand(),
	)
	return root
}
