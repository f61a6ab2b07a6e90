package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

//go:embed help/export.txt
var exportHelp string

// Formats of the subcommand export.
const (
	prometheusFormat output.Format = "prometheus"
	otlpJSONFormat   output.Format = "otlp-json"
)

func newExportCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "export ID",
		Short: "Print the metrics of a sandbox once",
		Long:  exportHelp,
		Args:  cobra.ExactArgs(1),
	}
	host := addHostFlags(command)
	format := addOutputFlag(command, prometheusFormat, otlpJSONFormat)
	command.ValidArgsFunction = host.completeIDs()
	command.RunE = func(command *cobra.Command, args []string) error {
		config, err := host.config(command.Context())
		if err != nil {
			return err
		}
		e := export{config: config, stdout: command.OutOrStdout(), stderr: command.ErrOrStderr()}
		return e.run(command.Context(), args[0], format.Format)
	}
	return command
}

// export pulls one sandbox once.
type export struct {
	config         *sandboxreceiver.Config
	stdout, stderr io.Writer
}

func (e *export) run(ctx context.Context, text string, format output.Format) error {
	target, err := find(ctx, e.config, text)
	if err != nil {
		return err
	}
	settings := withUpstreamNames
	if format == otlpJSONFormat {
		if settings, err = withUsage(e.config); err != nil {
			return err
		}
	}
	found, item, err := open(ctx, e.config, target, settings)
	defer func() { _ = found.Close() }()
	if err != nil {
		return err
	}
	r := sandbox.NewReading()
	defer r.Free()
	r.Time, r.Start, r.Discovered = now(), item.Identity.Created, now()
	r.Info = true
	ctx, cancel := context.WithTimeout(ctx, e.config.Timeout)
	defer cancel()
	pullErr := item.Pull(ctx, r)
	if outcome := sandbox.OutcomeOf(pullErr); outcome != sandbox.OK && outcome != sandbox.Partial {
		return explainPull(item, pullErr)
	}
	e.note(item, r)
	if format == prometheusFormat {
		// The response of a shim has no timestamps.
		err = writeExposition(e.stdout, item.Identity, r, item.Runtime == sandbox.RuntimeGVisor)
	} else {
		err = e.writeOTLP(item, r)
	}
	return errors.Join(err, explainPull(item, pullErr))
}

// note explains why metrics do not come from the shim.
func (e *export) note(item *inventory.Item, r *sandbox.Reading) {
	switch {
	case item.Decision == reason.NotContacted:
		_, _ = fmt.Fprintf(e.stderr, "The shim is not contacted (%s), so only what is known on the host is printed. %s %s\n",
			item.Reason.Name, item.Reason.Cause, item.Reason.Remedy)
	case item.Runtime == sandbox.RuntimeKata && r.ResponseSize == 0:
		_, _ = fmt.Fprintln(e.stderr, "The shim is not contacted because its CPU usage is being measured, "+
			"so only what is known on the host is printed. Try again later.")
	}
}

// writeOTLP writes what the receiver would send after this pull, without what it counts
// itself.
func (e *export) writeOTLP(item *inventory.Item, r *sandbox.Reading) error {
	if err := item.AppendInfo(r, true); err != nil {
		return err
	}
	batch := pdataconv.New(pdataconv.Settings{
		Naming:      e.config.Naming,
		Attributes:  e.config.ResourceAttributes,
		Annotations: e.config.Annotations.Allow,
		Version:     buildVersion().Version,
	}).NewBatch()
	batch.Append(item.Identity, r)
	text, err := new(pmetric.JSONMarshaler).MarshalMetrics(batch.Take())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s\n", output.EscapeJSON(text))
	return err
}

// withUpstreamNames makes a pull return what the upstream exporter of the runtime
// returns.
func withUpstreamNames(settings *sandbox.Settings) { settings.Naming = sandbox.Prometheus }

// withUsage makes a pull return the usage metrics that the configuration enables.
func withUsage(config *sandboxreceiver.Config) (inventory.Settings, error) {
	metrics := confmap.New()
	if err := metrics.Marshal(&config.Metrics); err != nil {
		return nil, fmt.Errorf("read the enabled metrics: %w", err)
	}
	return func(settings *sandbox.Settings) {
		if config.Usage.Enabled {
			settings.Usage.Interval = config.Usage.Interval
			settings.Usage.Enabled = func(name string) bool { return metrics.Get(name+"::enabled") == true }
		}
	}, nil
}
