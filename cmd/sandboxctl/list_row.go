package main

import (
	"cmp"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// listedSandbox is an entry of the list in JSON and YAML. Fields that are not known are
// missing.
type listedSandbox struct {
	Runtime   string           `json:"runtime"`
	Version   string           `json:"version,omitempty"`
	State     string           `json:"state,omitempty"`
	ID        string           `json:"id"`
	Iteration string           `json:"iteration,omitempty"`
	Name      string           `json:"name,omitempty"`
	Pod       *listedPod       `json:"pod,omitempty"`
	Container *listedContainer `json:"container,omitempty"`
	Created   *time.Time       `json:"created,omitempty"`
	// CPU is the CPU time since the start of the sandbox.
	CPU      *float64 `json:"cpu_seconds,omitempty"`
	Memory   *int64   `json:"memory_bytes,omitempty"`
	Trust    string   `json:"trust,omitempty"`
	Decision string   `json:"decision"`
	Reason   string   `json:"reason,omitempty"`
	// Path is the runtime root or storage path with the ID, or the skipped path.
	Path string `json:"path"`
	// Entries is the number of entries of a path that are only counted.
	Entries int `json:"entries,omitempty"`
}

type listedPod struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	UID       string `json:"uid,omitempty"`
}

type listedContainer struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Image string `json:"image,omitempty"`
}

func newListedSandbox(item *inventory.Item) listedSandbox {
	row := listedSandbox{
		Runtime: item.Runtime, State: string(item.State), ID: item.ID(), Name: item.Name(),
		Decision: string(item.Decision), Reason: item.Reason.Name, Path: item.Path, Entries: item.Entries,
	}
	if id := item.Identity; id != nil {
		row.Version, row.Iteration, row.Trust = id.RuntimeVersion, id.Iteration, string(id.Trust)
		created := id.Created.UTC()
		row.Created = &created
		row.Pod, row.Container = newListedPod(id), newListedContainer(id)
	}
	if item.Usage.HasCPU {
		cpu := item.Usage.CPU.Seconds()
		row.CPU = &cpu
	}
	if item.Usage.HasMemory {
		row.Memory = &item.Usage.Memory
	}
	return row
}

func newListedPod(id *sandbox.Identity) *listedPod {
	if id.Pod == (sandbox.Pod{}) {
		return nil
	}
	return &listedPod{Namespace: id.Pod.Namespace, Name: id.Pod.Name, UID: id.Pod.UID}
}

func newListedContainer(id *sandbox.Identity) *listedContainer {
	c := &id.Container
	if *c == (sandbox.Container{}) {
		return nil
	}
	return &listedContainer{ID: c.ID, Name: cmp.Or(c.NameInRuntime, c.Name), Image: c.Image}
}

// listTable returns the rows as a table. Long IDs are shortened unless it is wide.
func listTable(rows []listedSandbox, wide bool) *output.Table {
	table := &output.Table{Columns: []output.Column{
		{Header: "RUNTIME"},
		{Header: "STATE"},
		{Header: "ID"},
		{Header: "NAME"},
		{Header: "AGE", Right: true},
		{Header: "CPU TIME", Right: true},
		{Header: "MEMORY", Right: true},
		{Header: "TRUST"},
		{Header: "REASON"},
		{Header: "VERSION", Wide: true},
		{Header: "ITERATION", Wide: true},
		{Header: "POD UID", Wide: true},
		{Header: "IMAGE", Wide: true},
		{Header: "PATH", Wide: true},
	}}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	if !wide {
		ids = shortened(ids)
	}
	for i := range rows {
		row := &rows[i]
		var age, cpu, memory, uid, image string
		if row.Created != nil {
			age = output.FormatAge(now().Sub(*row.Created))
		}
		if row.CPU != nil {
			cpu = output.FormatCPU(*row.CPU)
		}
		if row.Memory != nil {
			memory = output.FormatBytes(*row.Memory)
		}
		if row.Pod != nil {
			uid = row.Pod.UID
		}
		if row.Container != nil {
			image = row.Container.Image
		}
		table.Add(output.Text(row.Runtime), stateCell(row.State), output.Text(ids[i]), output.Text(row.Name),
			output.Text(age), output.Text(cpu), output.Text(memory),
			output.Text(row.Trust), output.Cell{Text: row.Reason, Color: output.Yellow},
			output.Text(row.Version), output.Text(row.Iteration), output.Text(uid), output.Text(image), output.Text(row.Path))
	}
	return table
}

// stateCell returns a state in its color.
func stateCell(state string) output.Cell {
	color := output.Plain
	switch sandbox.State(state) {
	case sandbox.Running, sandbox.Created:
		color = output.Green
	case sandbox.Unresponsive:
		color = output.Red
	case sandbox.Booting, sandbox.Paused, sandbox.Skipped, sandbox.Unknown:
		color = output.Yellow
	case sandbox.Stopped:
		color = output.Dim
	}
	return output.Cell{Text: state, Color: color}
}

const (
	// longID is the length of the IDs that container runtimes generate.
	longID = 64
	// shortID is the number of their digits that are shown, unless two are then equal.
	shortID = 12
)

// shortened returns IDs of which the long ones are cut to prefixes that are unique.
func shortened(ids []string) []string {
	for length := shortID; length < longID; length += shortID {
		short, seen, unique := make([]string, len(ids)), map[string]string{}, true
		for i, id := range ids {
			short[i] = id
			if len(id) == longID && strings.Trim(id, "0123456789abcdef") == "" {
				short[i] = id[:length]
			}
			if other, known := seen[short[i]]; known && other != id {
				unique = false
			}
			seen[short[i]] = id
		}
		if unique {
			return short
		}
	}
	return ids
}
