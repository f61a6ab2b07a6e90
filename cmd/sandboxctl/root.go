package main

import "github.com/spf13/cobra"

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sandboxctl",
		Short: "Look at sandboxes the way the sandbox receiver does",
		// Errors are printed once, by main, and the usage only when asked for.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newSimulateCommand(),
	)
	return root
}
