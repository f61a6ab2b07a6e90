package dockername

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// containerID is the ID of a container.
var containerID = strings.Repeat("4d63", idLength/4)

// config returns the configuration of a container, shortened, with a name as JSON.
func config(name string) string {
	return `{"StreamConfig":{},"State":{"Running":true,"Pid":4242},"ID":"` + containerID + `","Path":"sh","Args":["Name"],` +
		`"Config":{"Hostname":"web","Env":["TOKEN=very-secret"],"Name":"very-secret"},"LogPath":"",` + name +
		`"Driver":"overlay2","HostConfig":null}`
}

// writeConfig writes the configuration of a container below path.
func writeConfig(tb testing.TB, path, content string) {
	tb.Helper()
	directory := filepath.Join(path, containerID)
	require.NoError(tb, os.MkdirAll(directory, 0o700))
	require.NoError(tb, os.WriteFile(filepath.Join(directory, "config.v2.json"), []byte(content), 0o600))
}

func TestParse(t *testing.T) {
	long := strings.Repeat("x", maxName)
	for name, want := range map[string]string{
		`"/web"`: "web", `"web"`: "web", `"/Shop_web-1.2"`: "Shop_web-1.2", `"/0"`: "0", `"/` + long + `"`: long, `"/zZaA9"`: "zZaA9",
	} {
		got, err := parse([]byte(config(`"Name":` + name + `,`)))
		require.NoError(t, err, name)
		assert.Equal(t, want, got)
	}
	for text, want := range map[string]error{
		"":                                 jsonscan.ErrTruncated,
		"[]":                               jsonscan.ErrKind,
		config(``):                         errNoName,
		config(`"Name":"",`):               errNoName,
		config(`"Name":"/",`):              errNoName,
		config(`"Name":"/-x",`):            errNoName,
		config(`"Name":"//x",`):            errNoName,
		config(`"Name":"/a b",`):           errNoName,
		config(`"Name":"/a\n",`):           errNoName,
		config(`"Name":"/caf\u00e9",`):     errNoName,
		config(`"Name":"/a@",`):            errNoName,
		config(`"Name":"/a[",`):            errNoName,
		config(`"Name":"/a` + "`" + `",`):  errNoName,
		config(`"Name":"/a{",`):            errNoName,
		config(`"Name":"/a/b",`):           errNoName,
		config(`"Name":"/` + long + `x",`): errNoName,
		config(`"Name":1,`):                jsonscan.ErrKind,
		config(`"Name":"/a","Name":"/b",`): jsonscan.ErrField,
		config(`"Name":"/a",`)[:100]:       jsonscan.ErrTruncated,
		config(`"Name":"/a",`) + "{}":      jsonscan.ErrTrailing,
		strings.Repeat(" ", maxConfig+1):   jsonscan.ErrInputSize,
	} {
		got, err := parse([]byte(text))
		require.ErrorIs(t, err, want, "%.300s", text)
		assert.Empty(t, got)
	}
}

// TestNoSecretsAreReturned truncates and corrupts a file at every byte.
func TestNoSecretsAreReturned(t *testing.T) {
	data := config(`"Name":"/web",`)
	for i := range data {
		for _, text := range []string{data[:i], data[:i] + "\x01" + data[i+1:]} {
			name, err := parse([]byte(text))
			assert.NotContains(t, fmt.Sprint(name, err), "secret")
		}
	}
}

func TestRead(t *testing.T) {
	path := t.TempDir()
	names := Reader{Path: path}
	_, err := names.Read(containerID)
	require.ErrorIs(t, err, os.ErrNotExist)
	writeConfig(t, path, config(`"Name":"/web",`))
	name, err := names.Read(containerID)
	require.NoError(t, err)
	assert.Equal(t, "web", name)

	invalid := []string{"", ".", "..", "web", containerID[1:], containerID + "4", strings.ToUpper(containerID), "../" + containerID[3:]}
	for _, id := range invalid {
		_, err := names.Read(id)
		require.ErrorIs(t, err, errID, id)
	}
	file := filepath.Join(path, containerID, "config.v2.json")
	require.NoError(t, os.WriteFile(file, make([]byte, maxConfig+1), 0o600))
	_, err = names.Read(containerID)
	require.ErrorIs(t, err, host.ErrTooLarge)
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Symlink("/etc/passwd", file))
	_, err = names.Read(containerID)
	require.ErrorIs(t, err, host.ErrNotRegular)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(config(`"Name":"/web",`)))
	f.Add([]byte(`{"Name":"/a","name":"/b"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		name, err := parse(data)
		if (err == nil) != isName(name) {
			t.Fatalf("parse returned %q, %v", name, err)
		}
	})
}
