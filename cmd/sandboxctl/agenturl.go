package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

//go:embed help/agenturl.txt
var agentURLHelp string

func newAgentURLCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "agent-url ID",
		Short: "Print the URL of the agent of a Kata sandbox",
		Long:  agentURLHelp,
		Args:  cobra.ExactArgs(1),
	}
	host := addHostFlags(command)
	format := addOutputFlag(command, textFormat, output.JSONFormat, output.YAMLFormat)
	command.ValidArgsFunction = host.completeIDs(sandbox.RuntimeKata)
	command.RunE = func(command *cobra.Command, args []string) error {
		return printAgentURL(command.Context(), host, args[0], format.Format, command.OutOrStdout())
	}
	return command
}

// textFormat is plain text.
const textFormat output.Format = "text"

// agentURL is the output in JSON and YAML.
type agentURL struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

func printAgentURL(ctx context.Context, host *hostFlags, text string, format output.Format, stdout io.Writer) error {
	config, err := host.config(ctx)
	if err != nil {
		return err
	}
	target, err := find(ctx, config, text)
	if err != nil {
		return err
	}
	if target.Runtime != sandbox.RuntimeKata {
		return nothingError{fmt.Errorf("sandbox %s is a %s sandbox: %w", target.ID(), target.Runtime, inventory.ErrNoAgent)}
	}
	found, item, err := open(ctx, config, target)
	defer func() { _ = found.Close() }()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()
	url, err := item.AgentURL(ctx)
	if err != nil {
		return explainPull(item, err)
	}
	if format == textFormat {
		_, err := fmt.Fprintln(stdout, url)
		return err
	}
	return output.Write(stdout, format, agentURL{item.ID(), url}, nil)
}
