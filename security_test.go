package sandboxreceiver

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// securityRows returns the rows of all tables in one section of SECURITY.md, as the
// text of their cells.
func securityRows(t *testing.T, section string) [][]string {
	t.Helper()
	text, err := os.ReadFile("SECURITY.md")
	require.NoError(t, err)
	_, content, found := strings.Cut(string(text), "\n## "+section+"\n")
	require.True(t, found, section)
	content, _, _ = strings.Cut(content, "\n## ")
	var rows [][]string
	for line := range strings.Lines(content) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "| ---") {
			rows = append(rows, cells)
		}
	}
	require.NotEmpty(t, rows, section)
	return rows
}

// citation matches `internal/gvisor/statefile.MaxSize`, and `shutdownTimeout` of this
// package.
var citation = regexp.MustCompile("^`(?:(internal/[a-z/]+)\\.)?([A-Za-z.]+)`$")

func TestSecurityLimits(t *testing.T) {
	config := createDefaultConfig().(*Config)
	options := map[string]int64{
		"option `timeout`":                   int64(config.Timeout),
		"option `gvisor::max_response_size`": int64(config.GVisor.MaxResponseSize),
		"option `kata::max_response_size`":   int64(config.Kata.MaxResponseSize),
	}
	compared := 0
	for _, row := range securityRows(t, "Limits") {
		if row[0] == "Input" {
			continue
		}
		value, source := row[len(row)-2], row[len(row)-1]
		got, isOption := options[source]
		if !isOption {
			cited := citation.FindStringSubmatch(source)
			require.NotNil(t, cited, source)
			var exact bool
			got, exact = constant.Int64Val(valueOf(t, cited[1], cited[2]))
			require.True(t, exact, source)
		}
		assert.Equal(t, quantity(t, value), got, "%s: SECURITY.md and the code differ", source)
		compared++
	}
	assert.Greater(t, compared, 50)
}

// TestSecurityMethods compares the methods in SECURITY.md with the code, which must
// not have others.
func TestSecurityMethods(t *testing.T) {
	listed := map[string]bool{}
	for _, row := range securityRows(t, "Allowed methods") {
		cited := citation.FindStringSubmatch(row[len(row)-1])
		if cited == nil || !strings.HasSuffix(cited[1], "control") {
			continue
		}
		assert.Equal(t, strings.Trim(row[0], "`"), constant.StringVal(valueOf(t, cited[1], cited[2])))
		listed[cited[2]] = true
	}
	for name := range definitions(t, "internal/gvisor/control") {
		if strings.HasPrefix(name, "method") {
			assert.True(t, listed[name], "%s is not in SECURITY.md", name)
		}
	}
}

func TestSecurityTests(t *testing.T) {
	for _, row := range securityRows(t, "Tests") {
		if row[0] == "Claim" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(strings.Trim(row[len(row)-2], "`"), "*_test.go"))
		require.NoError(t, err)
		var source strings.Builder
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			source.Write(text)
		}
		for name := range strings.SplitSeq(row[len(row)-1], ", ") {
			// The source is not part of the message, as it would be with assert.Contains.
			declared := strings.Contains(source.String(), "\nfunc "+strings.Trim(name, "`")+"(")
			assert.True(t, declared, "%s in %s is cited in SECURITY.md", name, row[len(row)-2])
		}
	}
}

// quantity parses a value such as 4 MiB, 8,192 or 10 s. Durations are in nanoseconds.
func quantity(t *testing.T, text string) int64 {
	t.Helper()
	digits, unit, _ := strings.Cut(strings.ReplaceAll(text, ",", ""), " ")
	number, err := strconv.ParseInt(digits, 10, 64)
	require.NoError(t, err)
	factor, known := map[string]int64{
		"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "s": int64(time.Second), "min": int64(time.Minute),
	}[unit]
	require.True(t, known, text)
	return number * factor
}

// valueOf returns the value of a definition, which may be unexported.
func valueOf(t *testing.T, directory, name string) constant.Value {
	t.Helper()
	definition := definitions(t, directory)[name]
	require.NotNil(t, definition, "%s.%s is cited in SECURITY.md", directory, name)
	text := types.ExprString(definition)
	for unit, duration := range map[string]time.Duration{"time.Second": time.Second, "time.Minute": time.Minute} {
		text = strings.ReplaceAll(text, unit, strconv.FormatInt(int64(duration), 10))
	}
	value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
	require.NoError(t, err, "%s.%s", directory, name)
	return value.Value
}

// definitions returns the expressions that a package assigns: to constants and
// variables by name, to fields of composite literals as in defaultLimits.text.Lines,
// and to fields by cmp.Or as in Limits.Bytes, where Limits is the receiver's type.
func definitions(t *testing.T, directory string) map[string]ast.Expr {
	t.Helper()
	files, err := filepath.Glob(path.Join(directory, "*.go"))
	require.NoError(t, err)
	found := map[string]ast.Expr{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range syntax.Decls {
			switch declaration := declaration.(type) {
			case *ast.GenDecl:
				for _, spec := range declaration.Specs {
					if spec, isValue := spec.(*ast.ValueSpec); isValue && len(spec.Names) == len(spec.Values) {
						for i, name := range spec.Names {
							define(found, name.Name, spec.Values[i])
						}
					}
				}
			case *ast.FuncDecl:
				defineDefaults(found, declaration)
			}
		}
	}
	return found
}

func define(found map[string]ast.Expr, name string, value ast.Expr) {
	found[name] = value
	literal, isLiteral := value.(*ast.CompositeLit)
	if !isLiteral {
		return
	}
	for _, element := range literal.Elts {
		if pair, isPair := element.(*ast.KeyValueExpr); isPair {
			define(found, name+"."+types.ExprString(pair.Key), pair.Value)
		}
	}
}

// defineDefaults finds calls such as cmp.Or(l.Bytes, 1<<20) in methods.
func defineDefaults(found map[string]ast.Expr, method *ast.FuncDecl) {
	if method.Recv == nil {
		return
	}
	receiver := strings.TrimPrefix(types.ExprString(method.Recv.List[0].Type), "*")
	ast.Inspect(method, func(node ast.Node) bool {
		call, isCall := node.(*ast.CallExpr)
		if !isCall || types.ExprString(call.Fun) != "cmp.Or" || len(call.Args) != 2 {
			return true
		}
		if field, isField := call.Args[0].(*ast.SelectorExpr); isField {
			found[receiver+"."+field.Sel.Name] = call.Args[1]
		}
		return true
	})
}
