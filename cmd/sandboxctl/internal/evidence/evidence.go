// Package evidence collects what on the host shows why a sandbox or path is collected, or
// not. It only reads files, within the limits of the receiver, and never quotes them,
// because state files contain secrets.
package evidence

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Of returns the evidence about a candidate, one fact per line.
func Of(config *sandboxreceiver.Config, item *inventory.Item, now time.Time) []string {
	var facts []string
	if item.Identity != nil {
		facts = ofIdentity(item.Identity)
	} else {
		facts = ofPath(item.Path, item.Runtime, now)
	}
	if item.Entries > 0 {
		facts = append(facts, fmt.Sprintf("entries of the directory: %d", item.Entries))
	}
	return append(facts, ofOptions(config, item)...)
}

// ofIdentity returns what the files of the runtime say about a sandbox.
func ofIdentity(id *sandbox.Identity) []string {
	var facts []string
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, name+": "+value)
		}
	}
	add("runtime version", id.RuntimeVersion)
	add("created", id.Created.UTC().Format(time.RFC3339))
	add("namespace of the pod", id.Pod.Namespace)
	add("pod", id.Pod.Name)
	if id.PodConflict {
		add("pod", "the files of the host contradict each other")
	}
	add("container", cmp.Or(id.Container.NameInRuntime, id.Container.Name))
	add("trust", string(id.Trust))
	for _, attribute := range id.Attributes {
		add(attribute.Key, attribute.Value)
	}
	for _, annotation := range id.Annotations {
		add("annotation "+annotation.Key, annotation.Value)
	}
	return facts
}

// ofOptions returns the options that decide about a candidate.
func ofOptions(config *sandboxreceiver.Config, item *inventory.Item) []string {
	options := map[string]string{
		"excluded":             fmt.Sprintf("include: %s; exclude: %s", criteria(&config.Include), criteria(&config.Exclude)),
		"unregistered":         "gvisor::trust: " + string(config.GVisor.Trust),
		"other_metric_server":  "gvisor::metric_server_address: " + config.GVisor.MetricServerAddress,
		"unsafe_hypervisor":    collection(config),
		"unknown_hypervisor":   collection(config),
		"no_state":             collection(config),
		"spinning":             collection(config),
		"incomplete_responses": collection(config),
		"passive":              collection(config),
	}
	if option, found := options[item.Reason.Name]; found {
		return []string{option}
	}
	return nil
}

func collection(config *sandboxreceiver.Config) string {
	text := "kata::collection: " + string(config.Kata.Collection)
	if len(config.Kata.TrustedHypervisors) > 0 {
		text += fmt.Sprintf("; kata::trusted_hypervisors: %v", config.Kata.TrustedHypervisors)
	}
	return text
}

// ofPath returns what is at a path that is skipped.
func ofPath(path, runtime string, now time.Time) []string {
	kind, id, err := host.Look(path)
	if err != nil {
		return []string{"file: " + err.Error()}
	}
	changed := now.Sub(time.Unix(0, id.ModTime)).Truncate(time.Second)
	switch {
	case kind.IsDir():
		return ofDirectory(path, changed)
	case kind != 0:
		return []string{fmt.Sprintf("file: %s, changed %v ago", kindOf(kind), changed)}
	}
	facts := []string{fmt.Sprintf("file: %d bytes, changed %v ago", id.Size, changed)}
	if runtime == sandbox.RuntimeGVisor && statefile.HasExtension(path) {
		facts = append(facts, ofStateFile(path)...)
	}
	return facts
}

func kindOf(kind fs.FileMode) string {
	switch kind {
	case fs.ModeSymlink:
		return "symbolic link"
	case fs.ModeSocket:
		return "socket"
	}
	return "FIFO or device"
}

// maxNames is how many entries of a directory are shown, maxListed how many are read.
const (
	maxNames  = 5
	maxListed = 1024
)

func ofDirectory(path string, changed time.Duration) []string {
	facts := []string{fmt.Sprintf("file: directory, changed %v ago", changed)}
	directory, err := os.Open(path)
	if err != nil {
		return append(facts, "open: "+err.Error())
	}
	defer directory.Close()
	names, _ := directory.Readdirnames(maxListed)
	slices.Sort(names)
	shown, more := names[:min(len(names), maxNames)], ""
	if len(names) > maxNames {
		more = ", …"
	}
	if len(names) == 0 {
		shown = []string{"none"}
	}
	facts = append(facts, "content: "+strings.Join(shown, ", ")+more)
	const socket = "shim-monitor.sock"
	if kind, _, err := host.Look(filepath.Join(path, socket)); err == nil && kind != fs.ModeSocket {
		facts = append(facts, socket+": not a socket")
	}
	return facts
}

// ofStateFile returns what a state file lacks. Errors of the parser contain nothing of
// its content.
func ofStateFile(path string) []string {
	name, valid := statefile.ParseName(filepath.Base(path))
	if !valid {
		return []string{"name: not <container>_sandbox:<sandbox>.state"}
	}
	var facts []string
	if lock, err := host.TryLock(filepath.Join(filepath.Dir(path), name.LockFile())); err == nil {
		_ = lock.Close()
	} else {
		facts = append(facts, "lock: "+err.Error())
	}
	data, _, err := host.ReadRegular(path, statefile.MaxSize, nil)
	if err != nil {
		return append(facts, "read: "+err.Error())
	}
	state, err := statefile.Parse(data)
	switch {
	case err != nil:
		facts = append(facts, err.Error())
	case state.ContainerID != name.ContainerID || state.Sandbox.ID != name.SandboxID:
		facts = append(facts, "IDs in the file: not those in its name")
	case !name.IsRootContainer():
		facts = append(facts, "container: not the root container of sandbox "+name.SandboxID)
	default:
		facts = append(facts, "metric server: "+cmp.Or(state.Sandbox.MetricServer, "none"),
			fmt.Sprintf("process: %d", state.Sandbox.PID))
	}
	return facts
}
