package sandboxreceiver

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// The document lists the releases of gVisor that the end-to-end tests run, when they do,
// and these are the ones whose metrics are known.
func TestCompatibilityListsReleases(t *testing.T) {
	when := map[string]string{"with every change": "always", "on request": "on-request"}
	var documented, tested, known []string
	rows := regexp.MustCompile("(?m)^([0-9-]+) \\| `(.*?)` \\| (.*)$").FindAllStringSubmatch(readFile(t, "docs/compatibility.md"), -1)
	for _, row := range rows {
		assert.Contains(t, row[2], "-"+strings.ReplaceAll(row[1], "-", ""), "the date is that of the version")
		documented = append(documented, row[2]+" "+when[row[3]])
		known = append(known, row[2])
	}
	for line := range strings.Lines(readFile(t, "test/e2e/releases.txt")) {
		if strings.HasPrefix(line, "v") {
			tested = append(tested, strings.TrimSpace(line))
		}
	}
	require.NotEmpty(t, tested)
	assert.Equal(t, tested, documented)
	version := regexp.MustCompile(`v0\.0\.0-[0-9]+-[0-9a-f]+`)
	_, list, _ := strings.Cut(readFile(t, "Makefile"), "\nRUNSC_VERSIONS := ")
	list, _, _ = strings.Cut(list, "\n\n")
	assert.Equal(t, known, version.FindAllString(list, -1), "RUNSC_VERSIONS in Makefile")
}

func TestCompatibilityStatesCollectorVersion(t *testing.T) {
	built := regexp.MustCompile(`receiver/otlpreceiver v(\d+\.\d+)`).FindStringSubmatch(readFile(t, "builder-config.yaml"))
	require.NotNil(t, built)
	assert.Contains(t, readFile(t, "docs/compatibility.md"), "\nOpenTelemetry Collector | "+built[1]+" |")
}

// Tests that CI may skip are explained, and those of releases are the ones that are only
// tested on request.
func TestAllowedSkipsAreReleasesOnRequest(t *testing.T) {
	releases := readFile(t, "test/e2e/releases.txt")
	for line := range strings.Lines(readFile(t, "test/e2e/allowed-skips.txt")) {
		name, _, _ := strings.Cut(line, " ")
		if version, found := strings.CutPrefix(name, "TestReleases/"); found {
			assert.Contains(t, releases, "\n"+version+" on-request\n")
		}
	}
}
