package sandboxreceiver

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// eventMetadata is the part of metadata.yaml about events.
type eventMetadata struct {
	Attributes map[string]struct {
		Enum []string `yaml:"enum"`
	} `yaml:"attributes"`
	Events map[string]struct {
		Attributes []string `yaml:"attributes"`
	} `yaml:"events"`
}

func readEventMetadata(t *testing.T) eventMetadata {
	t.Helper()
	file, err := os.ReadFile("metadata.yaml")
	require.NoError(t, err)
	var declared eventMetadata
	require.NoError(t, yaml.Unmarshal(file, &declared))
	return declared
}

// readmeEvent is a row of the table of events.
type readmeEvent struct {
	severity   string
	attributes []string
}

func readmeEvents(t *testing.T) map[lifecycle.Name]readmeEvent {
	t.Helper()
	rows := map[lifecycle.Name]readmeEvent{}
	row := regexp.MustCompile("(?m)^`(sandbox[a-z_.]+)` \\| ([A-Z]+) \\| .*? \\|(.*)$")
	for _, cells := range row.FindAllStringSubmatch(readmeSection(t, "## Lifecycle events"), -1) {
		event := readmeEvent{severity: cells[2]}
		for _, attribute := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(cells[3], -1) {
			event.attributes = append(event.attributes, attribute[1])
		}
		rows[lifecycle.Name(cells[1])] = event
	}
	return rows
}

// TestEventsAreListed compares the lists of events: in the code, in metadata.yaml, in the
// options, and in README.md.
func TestEventsAreListed(t *testing.T) {
	names := lifecycle.Names[:]
	assert.Len(t, names, len(stringConstants(t, "internal/lifecycle/event.go", "Name")))
	listed := readmeEvents(t)
	assert.ElementsMatch(t, names, slices.Collect(maps.Keys(listed)))
	assert.ElementsMatch(t, names, slices.Collect(maps.Keys(enabledEvents(&createDefaultConfig().(*Config).Events))))
	declared := readEventMetadata(t)
	require.Len(t, declared.Events, len(names))
	severities := map[lifecycle.Severity]string{lifecycle.Info: "INFO", lifecycle.Warn: "WARN", lifecycle.Error: "ERROR"}
	for _, name := range names {
		event := lifecycle.Event{Name: name}
		if name == lifecycle.Skipped {
			event.State = sandbox.Skipped
		}
		assert.Equal(t, severities[event.Severity()], listed[name].severity, name)
		assert.NotEmpty(t, event.Sentence(), name)
		// Events of all kinds have this attribute, so README.md does not repeat it.
		want := declared.Events[string(name)].Attributes
		if name != lifecycle.EventsDropped {
			want = slices.DeleteFunc(want, func(key string) bool { return key == "sandbox.events.dropped" })
		}
		assert.ElementsMatch(t, want, listed[name].attributes, name)
	}
	var reasons []string
	for _, reason := range sandbox.ExitReasons {
		reasons = append(reasons, string(reason))
	}
	assert.Equal(t, reasons, declared.Attributes["sandbox.exit.reason"].Enum)
}

func TestReadmeListsReasonsOfDroppedEvents(t *testing.T) {
	want := []string{lifecycle.SandboxLimit, lifecycle.TotalLimit, lifecycle.QueueFull, lifecycle.Refused}
	assert.Len(t, stringConstants(t, "internal/lifecycle/recorder.go", ""), len(want))
	var listed []string
	for reason := range readmeTable(t, "## Lifecycle events") {
		if _, isEvent := readmeEvents(t)[lifecycle.Name(reason)]; !isEvent {
			listed = append(listed, reason)
		}
	}
	assert.ElementsMatch(t, want, listed)
}
