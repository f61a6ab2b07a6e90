package main

import (
	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
)

// addOutputFlag adds the flag -o. The first of the allowed formats is the default.
func addOutputFlag(command *cobra.Command, allowed ...output.Format) *output.Flag {
	flag := &output.Flag{Format: allowed[0], Allowed: allowed}
	command.Flags().VarP(flag, "output", "o", "output format")
	// This fails only if the flag does not exist.
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(flag.Names(), cobra.ShellCompDirectiveNoFileComp))
	return flag
}
