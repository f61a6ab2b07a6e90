package sandboxreceiver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestSkipReasonsInCodeAreListed compares the constants that the code uses as reasons
// with the lists that docs/why-not-collected.md is generated from.
func TestSkipReasonsInCodeAreListed(t *testing.T) {
	inCode := map[string][]string{
		"": stringConstants(t, "internal/collect/excluded.go", ""),
		sandbox.RuntimeGVisor: slices.Concat(stringConstants(t, "internal/gvisor/discovery/reason.go", "Reason"),
			stringConstants(t, "internal/gvisor/admission.go", "")),
		sandbox.RuntimeKata: slices.Concat(stringConstants(t, "internal/kata/storage/reason.go", "Reason"),
			stringConstants(t, "internal/kata/guard/guard.go", "Reason")),
	}
	listed := map[string][]string{}
	for _, r := range reason.All() {
		listed[r.Runtime] = append(listed[r.Runtime], r.Name)
	}
	for runtime, names := range inCode {
		assert.ElementsMatch(t, names, listed[runtime], "runtime %q", runtime)
	}
	assert.Len(t, listed, len(inCode))
}

// TestSkipReasonsAreConstants checks that no other code makes up a reason: constants of
// a type Reason are in the files that TestSkipReasonsInCodeAreListed reads, nothing is
// converted to such a type, and no text is reported as a reason.
func TestSkipReasonsAreConstants(t *testing.T) {
	found := 0
	for _, directory := range []string{"internal/gvisor", "internal/kata", "internal/collect", "internal/runtimes"} {
		require.NoError(t, filepath.WalkDir(directory, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			found += checkReasons(t, path)
			return nil
		}))
	}
	assert.GreaterOrEqual(t, found, 20, "the constants were not found")
}

// reasonFiles are the files with constants of a type Reason.
var reasonFiles = []string{"internal/gvisor/discovery/reason.go", "internal/kata/storage/reason.go", "internal/kata/guard/guard.go"}

// checkReasons checks one file and returns the number of its constants of a type
// Reason.
func checkReasons(t *testing.T, path string) (found int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ValueSpec:
			if isReason(node.Type) && hasText(node.Values) {
				found += len(node.Values)
				assert.Contains(t, reasonFiles, path)
			}
		case *ast.CallExpr:
			called, isMethod := node.Fun.(*ast.SelectorExpr)
			reports := isMethod && (called.Sel.Name == "Skipped" || called.Sel.Name == "SkippedEntries")
			assert.False(t, (reports || isReason(node.Fun)) && hasText(node.Args), "%s: use a constant as reason", path)
		}
		return true
	})
	return found
}

func isReason(expression ast.Expr) bool {
	if selector, isSelector := expression.(*ast.SelectorExpr); isSelector {
		expression = selector.Sel
	}
	identifier, isIdentifier := expression.(*ast.Ident)
	return isIdentifier && identifier.Name == "Reason"
}

// hasText reports whether one of the expressions is a text that is not empty.
func hasText(expressions []ast.Expr) bool {
	return slices.ContainsFunc(expressions, func(expression ast.Expr) bool {
		literal, isLiteral := expression.(*ast.BasicLit)
		return isLiteral && literal.Kind == token.STRING && literal.Value != `""`
	})
}
