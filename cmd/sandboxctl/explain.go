package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/evidence"
	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
)

//go:embed help/explain.txt
var explainHelp string

// explaining holds the flags of the subcommand explain.
type explaining struct {
	host   *hostFlags
	format *output.Flag
	all    bool
}

// explanation is an entry of the output. Fields that do not apply are missing.
type explanation struct {
	Runtime  string   `json:"runtime"`
	Path     string   `json:"path"`
	ID       string   `json:"id,omitempty"`
	Name     string   `json:"name,omitempty"`
	Decision string   `json:"decision"`
	State    string   `json:"state,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Cause    string   `json:"cause,omitempty"`
	Remedy   string   `json:"remedy,omitempty"`
	See      string   `json:"see,omitempty"`
	Entries  int      `json:"entries,omitempty"`
	Evidence []string `json:"evidence"`
}

func newExplainCommand() *cobra.Command {
	e := &explaining{}
	command := &cobra.Command{
		Use:   "explain [ID|NAME|PATH]",
		Short: "Explain why sandboxes are collected or not",
		Long:  explainHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return e.run(command.Context(), strings.Join(args, ""), command.OutOrStdout())
		},
	}
	e.host = addHostFlags(command)
	command.ValidArgsFunction = e.host.completeIDs()
	e.format = addOutputFlag(command, output.TableFormat, output.JSONFormat, output.YAMLFormat)
	command.Flags().BoolVarP(&e.all, "all", "a", false, "also explain what is collected")
	return command
}

// run prints what was found even if discovery has failed in part.
func (e *explaining) run(ctx context.Context, text string, stdout io.Writer) (err error) {
	config, err := e.host.config(ctx)
	if err != nil {
		return err
	}
	var settings []inventory.Settings
	if len(config.Kata.TrustedHypervisors) == 0 {
		settings = append(settings, inventory.HostFilesOnly)
	}
	found, discoveryErr := e.host.discover(ctx, settings...)
	defer func() { err = errors.Join(err, found.Close()) }()
	items, err := selectItems(found, text)
	if err != nil {
		return errors.Join(discoveryErr, err)
	}
	explanations := []explanation{} // an empty list is not null in JSON
	collected := 0
	for _, item := range items {
		if item.Decision == reason.Collected {
			collected++
			if !e.all && text == "" {
				continue
			}
		}
		explanations = append(explanations, explain(config, item))
	}
	if err := e.write(stdout, explanations); err != nil {
		return err
	}
	switch {
	case discoveryErr != nil:
		return discoveryErr
	case len(items) == 0:
		return nothingError{errors.New("nothing found: check --gvisor-roots and --kata-storage-paths, and run sandboxctl doctor")}
	case collected < len(items):
		return nothingError{fmt.Errorf("%d of %d not collected", len(items)-collected, len(items))}
	}
	if e.format.Format == output.TableFormat && len(explanations) == 0 {
		_, err = fmt.Fprintf(stdout, "All %d sandboxes are collected.\n", collected)
	}
	return err
}

// selectItems returns the candidates that the argument selects, all without one.
func selectItems(found *inventory.Inventory, text string) ([]*inventory.Item, error) {
	var items []*inventory.Item
	path := filepath.Clean(text)
	for i := range found.Items {
		item := &found.Items[i]
		if text == "" || item.Path == path || strings.HasPrefix(item.Path, path+string(filepath.Separator)) {
			items = append(items, item)
		}
	}
	if len(items) > 0 || text == "" {
		return items, nil
	}
	if filepath.IsAbs(text) {
		return nil, nothingError{fmt.Errorf("explain %s: it is neither a state file of gVisor nor an entry of a storage path of Kata, "+
			"below --gvisor-roots and --kata-storage-paths", path)}
	}
	item, err := found.Find(text)
	return []*inventory.Item{item}, err
}

func explain(config *sandboxreceiver.Config, item *inventory.Item) explanation {
	e := explanation{
		Runtime: item.Runtime, Path: item.Path, Name: item.Name(), Decision: string(item.Decision), State: string(item.State),
		Reason: item.Reason.Name, Cause: item.Reason.Cause, Remedy: item.Reason.Remedy, See: item.Reason.See,
		Entries: item.Entries, Evidence: evidence.Of(config, item, now()),
	}
	if item.Identity != nil {
		e.ID = item.Identity.ID
	}
	if e.See != "" {
		e.See = "README.md, section " + e.See
	}
	return e
}

// decisionColors are the colors of decisions.
var decisionColors = map[string]output.Color{
	string(reason.Collected): output.Green, string(reason.NotContacted): output.Yellow, string(reason.Skipped): output.Red,
}

func (e *explaining) write(stdout io.Writer, explanations []explanation) error {
	switch e.format.Format {
	case output.JSONFormat:
		return output.JSON(stdout, explanations)
	case output.YAMLFormat:
		return output.YAML(stdout, explanations)
	}
	entries := make([]output.Entry, 0, len(explanations))
	for i := range explanations {
		x := &explanations[i]
		entry := output.Entry{
			Status: output.Cell{Text: strings.ReplaceAll(x.Decision, "_", " "), Color: decisionColors[x.Decision]},
			Title:  x.Runtime + " " + x.Path,
			Fields: []output.Field{{Name: "name", Text: x.Name}, {Name: "state", Text: x.State}, {Name: "reason", Text: x.Reason}},
		}
		entry.Fields = append(entry.Fields, output.Field{Name: "cause", Text: x.Cause})
		for _, fact := range x.Evidence {
			entry.Fields = append(entry.Fields, output.Field{Name: "evidence", Text: fact})
		}
		entry.Fields = append(entry.Fields, output.Field{Name: "what to do", Text: x.Remedy}, output.Field{Name: "see", Text: x.See})
		entries = append(entries, entry)
	}
	return output.WriteEntries(stdout, entries)
}
