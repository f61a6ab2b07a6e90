package statefile

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestListedAnnotations(t *testing.T) {
	data := withSpec(`{"annotations":{"com.example/team":"search","com.example/secret":"x","empty":"","none":null,` +
		`"caf\u00e9":"\ud83d\ude00","com.example/TEAM":"other"}}`)
	assert.Nil(t, parse(t, data).Listed)
	assert.Nil(t, parse(t, data, "com.example/tea", "com.example/team2", "none").Listed)
	assert.Equal(t, []sandbox.Attribute{
		{Key: "café", Value: "😀"}, {Key: "com.example/team", Value: "search"}, {Key: "empty", Value: ""},
	}, parse(t, data, "café", "none", "empty", "com.example/team", "absent").Listed)
}

// TestListedAnnotationsAreReadAsUsual covers listed annotations that the parser also
// uses itself.
func TestListedAnnotationsAreReadAsUsual(t *testing.T) {
	keys := []string{annotationNVProxy, annotationTPUProxy, "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri.container-type"}
	for _, flags := range []string{`"true"`, `"false"`} {
		data := replaced(`"status"`, `"bundleDir":"/run/io.containerd.runtime.v2.task/k8s.io/a","spec":{"annotations":{`+
			`"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-0",`+
			`"dev.gvisor.internal.nvproxy":`+flags+`,"dev.gvisor.internal.tpuproxy":`+flags+`}},"status"`)
		want, got := parse(t, data), parse(t, data, keys...)
		assert.Len(t, got.Listed, len(keys))
		assert.Equal(t, "web-0", got.Identity.Pod.Name)
		got.Listed = nil
		assert.Equal(t, want, got)
	}
}

func TestListedAnnotationIsCutBetweenCharacters(t *testing.T) {
	for value, want := range map[string]int{
		strings.Repeat("x", sandbox.MaxAnnotationLength):             sandbox.MaxAnnotationLength,
		strings.Repeat("x", sandbox.MaxAnnotationLength+1):           sandbox.MaxAnnotationLength,
		strings.Repeat("x", sandbox.MaxAnnotationLength-1) + "é":     sandbox.MaxAnnotationLength - 1,
		strings.Repeat("x", sandbox.MaxAnnotationLength-2) + "é":     sandbox.MaxAnnotationLength,
		strings.Repeat("x", sandbox.MaxAnnotationLength-3) + "😀":     sandbox.MaxAnnotationLength - 3,
		strings.Repeat("x", 1<<20):                                   sandbox.MaxAnnotationLength,
		strings.Repeat("😀", sandbox.MaxAnnotationLength/utf8.UTFMax): sandbox.MaxAnnotationLength,
		"x" + strings.Repeat("😀", sandbox.MaxAnnotationLength):       sandbox.MaxAnnotationLength - 3,
	} {
		got := parse(t, withSpec(`{"annotations":{"k":"`+value+`"}}`), "k").Listed[0].Value
		assert.Len(t, got, want)
		assert.True(t, utf8.ValidString(got))
		assert.True(t, strings.HasPrefix(value, got))
	}
	_, err := Parse([]byte(withSpec("{\"annotations\":{\"k\":\"a\xffb\"}}")), "k")
	require.ErrorIs(t, err, jsonscan.ErrText)
	_, err = Parse([]byte(withSpec(`{"annotations":{"k":1}}`)), "k")
	require.ErrorIs(t, err, jsonscan.ErrKind)
}
