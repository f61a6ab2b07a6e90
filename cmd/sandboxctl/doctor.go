package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/doctor"
	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
)

//go:embed help/doctor.txt
var doctorHelp string

// examination holds the flags of the subcommand doctor.
type examination struct {
	host   *hostFlags
	format *output.Flag
	strict bool
}

// hostTree are the files that doctor examines. Tests replace it.
var hostTree = doctor.Below("")

func newDoctorCommand() *cobra.Command {
	e := &examination{}
	command := &cobra.Command{
		Use:               "doctor",
		Short:             "Check whether sandboxes can be collected on this host",
		Long:              doctorHelp,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			return e.run(command.Context(), command.OutOrStdout())
		},
	}
	e.host = addHostFlags(command)
	e.format = addOutputFlag(command, output.TableFormat, output.JSONFormat, output.YAMLFormat)
	command.Flags().BoolVar(&e.strict, "strict", false, "also fail if there are warnings")
	return command
}

func (e *examination) run(ctx context.Context, stdout io.Writer) error {
	config, err := e.host.config(ctx)
	if err != nil {
		return err
	}
	found, discoveryErr := e.host.discover(ctx, inventory.HostFilesOnly)
	h := newDoctorHost(config, found)
	h.DiscoveryErr = discoveryErr
	if err := found.Close(); err != nil {
		return err
	}
	findings, err := examine(ctx, h)
	if err != nil {
		return err
	}
	switch e.format.Format {
	case output.JSONFormat:
		err = output.JSON(stdout, findings)
	case output.YAMLFormat:
		err = output.YAML(stdout, findings)
	default:
		err = output.WriteEntries(stdout, doctorEntries(findings))
	}
	if err != nil {
		return err
	}
	problems, warnings := doctor.Count(findings, doctor.Problem), doctor.Count(findings, doctor.Warning)
	if problems > 0 || e.strict && warnings > 0 {
		return fmt.Errorf("%d problems and %d warnings found", problems, warnings)
	}
	return nil
}

// examine performs the checks. One that hangs in a system call, for example on a mount
// that does not respond, is left behind.
func examine(ctx context.Context, h *doctor.Host) ([]doctor.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, maxDiscovery)
	defer cancel()
	result := make(chan []doctor.Finding, 1)
	go func() { result <- doctor.Run(h) }()
	select {
	case findings := <-result:
		return findings, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("check this host: %w: check whether a file system does not respond", ctx.Err())
	}
}

// newDoctorHost returns what the checks examine. A runtime that is disabled has no
// directories.
func newDoctorHost(config *sandboxreceiver.Config, found *inventory.Inventory) *doctor.Host {
	h := &doctor.Host{
		Files: hostTree, PID: os.Getpid(), Pidfd: openPidfd,
		VerifyPeer: config.GVisor.VerifyPeer, TrustedHypervisors: len(config.Kata.TrustedHypervisors) > 0,
		CgroupRoot: config.Usage.CgroupRoot,
	}
	if config.GVisor.Enabled {
		h.Roots = config.GVisor.Roots
	}
	if config.Kata.Enabled {
		h.StoragePaths = config.Kata.StoragePaths
	}
	for i := range found.Items {
		item := &found.Items[i]
		if item.Identity != nil {
			h.Sandboxes = append(h.Sandboxes, doctor.Sandbox{
				Runtime: item.Runtime, Path: item.Path, Trust: item.Identity.Trust, Skip: item.Reason,
			})
		}
	}
	return h
}

// openPidfd opens a pidfd of this process.
func openPidfd() error {
	exits, err := host.NewExits(1)
	if err != nil {
		return err
	}
	defer func() { _ = exits.Close() }()
	return exits.Watch(os.Getpid())
}

// doctorEntries returns the findings for people.
func doctorEntries(findings []doctor.Finding) []output.Entry {
	colors := map[doctor.Status]output.Color{doctor.OK: output.Green, doctor.Warning: output.Yellow, doctor.Problem: output.Red}
	entries := make([]output.Entry, 0, len(findings))
	for _, f := range findings {
		entry := output.Entry{
			Status: output.Cell{Text: string(f.Status), Color: colors[f.Status]}, Title: f.Check + ": " + f.Summary,
			Fields: []output.Field{{Name: "evidence", Text: f.Evidence}, {Name: "what to do", Text: f.Remedy}},
		}
		entries = append(entries, entry)
	}
	return entries
}
