package sandboxreceiver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// readmeTable returns the rows of the tables below a heading: the second cell by
// the first, which is a single value.
func readmeTable(t *testing.T, heading string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^`([a-z0-9_.]+)` \\| (.*?)( \\||$)").FindAllStringSubmatch(readmeSection(t, heading), -1) {
		assert.NotContains(t, rows, row[1], "the row is there twice")
		rows[row[1]] = row[2]
	}
	return rows
}

// stringConstants returns the values of all string constants of a type in a Go
// file, so that a new constant cannot be forgotten. Without a type, it returns
// those of untyped constants. Values of a map or array count as constants too.
func stringConstants(t *testing.T, path, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var values []string
	add := func(expression ast.Expr) {
		if literal, isLiteral := expression.(*ast.BasicLit); isLiteral && literal.Kind == token.STRING {
			value, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			values = append(values, value)
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ValueSpec:
			identifier, _ := node.Type.(*ast.Ident)
			if node.Type == nil && typeName == "" || identifier != nil && identifier.Name == typeName {
				for _, value := range node.Values {
					add(value)
				}
			}
		case *ast.KeyValueExpr:
			add(node.Value)
		}
		return true
	})
	require.NotEmpty(t, values, path)
	return values
}

func TestReadmeListsOtherReasons(t *testing.T) {
	inTelemetry := stringConstants(t, "internal/telemetry/telemetry.go", "")
	require.Contains(t, inTelemetry, telemetry.EndRefused)
	dropped := append(stringConstants(t, "internal/kata/reader/reason.go", ""), snapshot.UnknownMetric, telemetry.EndRefused)
	skippedPulls := slices.DeleteFunc(inTelemetry, func(reason string) bool { return reason == telemetry.EndRefused })
	assert.ElementsMatch(t, slices.Concat(dropped, skippedPulls),
		slices.Collect(maps.Keys(readmeTable(t, "### Dropped points and skipped pulls"))))
}

// The counters that are filled with zero by default are those in the code. The
// section also has a table of the values of the option.
func TestReadmeListsCoreCounters(t *testing.T) {
	want := map[string]string{}
	for path, increase := range registration.CoreCounters {
		want["gvisor"+strings.ReplaceAll(path, "/", ".")] = increase
	}
	listed := readmeTable(t, "### Counters that are zero")
	for _, value := range registration.ZeroFills {
		assert.Contains(t, listed, string(value))
		delete(listed, string(value))
	}
	assert.Equal(t, want, listed)
}

func TestReadmeListsErrorTypesAndStates(t *testing.T) {
	noErrors := []sandbox.Outcome{sandbox.OK, sandbox.Partial, sandbox.Gone, sandbox.Canceled}
	var errorTypes []string
	for _, outcome := range sandbox.Outcomes {
		if !slices.Contains(noErrors, outcome) {
			errorTypes = append(errorTypes, string(outcome))
		}
	}
	assert.ElementsMatch(t, errorTypes, slices.Collect(maps.Keys(readmeTable(t, "### Failed pulls"))))
	assert.ElementsMatch(t, stringConstants(t, "internal/sandbox/state.go", "State"),
		slices.Collect(maps.Keys(readmeTable(t, "## Metrics"))))
}

// The quoted log messages exist in the code.
func TestReadmeQuotesLogMessages(t *testing.T) {
	var code strings.Builder
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, path := range append(paths, "internal") {
		require.NoError(t, filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			code.Write(text)
			return err
		}))
	}
	_, text, found := strings.Cut(readmeSection(t, "## Troubleshooting"), "\nLog messages:\n")
	require.True(t, found)
	rows := regexp.MustCompile("(?m)^`.*? \\| ").FindAllString(text, -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		for _, message := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(row, -1) {
			assert.Contains(t, code.String(), `"`+message[1], "no log message begins like this")
		}
	}
}

// Links to sections and files lead somewhere.
func TestReadmeLinks(t *testing.T) {
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile("(?m)^#+ (.*)$").FindAllStringSubmatch(readme(t), -1) {
		anchor := regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(strings.ToLower(heading[1]), "")
		anchors[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme(t), -1) {
		target := link[1]
		switch anchor, isAnchor := strings.CutPrefix(target, "#"); {
		case strings.HasPrefix(target, "https://"):
		case isAnchor:
			assert.True(t, anchors[anchor], target)
		default:
			file, _, _ := strings.Cut(target, "#")
			assert.FileExists(t, file)
		}
	}
}

// TestReadmeListsPresets compares the table of presets with the metrics that each of
// them adds to the one before.
func TestReadmeListsPresets(t *testing.T) {
	before := map[string]bool{}
	for _, preset := range sandbox.Presets {
		config := createDefaultConfig().(*Config)
		config.setPreset(preset)
		var added []string
		for name, is := range metricSwitches(&config.Metrics) {
			if *is && !before[name] {
				added = append(added, "`"+name+"`")
				before[name] = true
			}
		}
		slices.Sort(added)
		row := regexp.MustCompile("(?m)^`" + string(preset) + "` \\| (?:also )?(.*?) \\|").FindStringSubmatch(readme(t))
		require.NotNil(t, row, preset)
		assert.Equal(t, strings.Join(added, ", "), row[1], preset)
	}
}
