package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver"
)

// configOf returns the configuration for flags.
func configOf(t *testing.T, args ...string) (*sandboxreceiver.Config, error) {
	t.Helper()
	command := &cobra.Command{}
	flags := addHostFlags(command)
	require.NoError(t, command.ParseFlags(args))
	return flags.config(t.Context())
}

// writeConfig writes a Collector configuration with receivers.
func writeConfig(t *testing.T, receivers string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(receivers), 0o600))
	return path
}

func TestDefaultsAreThoseOfTheReceiver(t *testing.T) {
	config, err := configOf(t)
	require.NoError(t, err)
	assert.Equal(t, sandboxreceiver.NewFactory().CreateDefaultConfig(), config)
}

func TestFlagsReplaceOptions(t *testing.T) {
	config, err := configOf(t, "--gvisor-roots=/a,/b", "--kata-storage-paths=/c", "--usage-cgroup-root=/d",
		"--gvisor-docker-containers-path=/e", "--kata-cri-endpoint=/f.sock")
	require.NoError(t, err)
	assert.Equal(t, []string{"/a", "/b"}, config.GVisor.Roots)
	assert.Equal(t, []string{"/c"}, config.Kata.StoragePaths)
	assert.Equal(t, "/d", config.Usage.CgroupRoot)
	assert.Equal(t, "/e", config.GVisor.DockerContainersPath)
	assert.Equal(t, "/f.sock", config.Kata.CRIEndpoint)
}

func TestConfigFile(t *testing.T) {
	t.Setenv("TEST_ROOT", "/from/env")
	path := writeConfig(t, `
receivers:
  otlp: {}
  sandbox:
    preset: minimal
    gvisor:
      roots: ["${env:TEST_ROOT}", "${TEST_ROOT}2"]
      verify_peer: false
    kata:
      enabled: false
exporters:
  debug:
`)
	config, err := configOf(t, "--config", path)
	require.NoError(t, err)
	assert.Equal(t, []string{"/from/env", "/from/env2"}, config.GVisor.Roots)
	assert.Equal(t, "unimplemented_syscalls", config.GVisor.MetricFilter, "the preset sets defaults")
	assert.False(t, config.GVisor.VerifyPeer)
	assert.False(t, config.Kata.Enabled)

	config, err = configOf(t, "--config", path, "--gvisor-roots=/flag", "--config=yaml:receivers::sandbox::kata::enabled: true")
	require.NoError(t, err)
	assert.Equal(t, []string{"/flag"}, config.GVisor.Roots, "flags take precedence")
	assert.False(t, config.GVisor.VerifyPeer, "flags change no other option")
	assert.True(t, config.Kata.Enabled, "later files take precedence")
}

func TestConfigFileWithSeveralReceivers(t *testing.T) {
	path := writeConfig(t, "receivers:\n  sandbox:\n  sandbox/second:\n    naming: prometheus\n  sandboxes/third:\n")
	_, err := configOf(t, "--config", path)
	require.EqualError(t, err, `several sandbox receivers in --config: select one of ["sandbox" "sandbox/second"] with --receiver`)
	config, err := configOf(t, "--config", path, "--receiver=sandbox/second")
	require.NoError(t, err)
	assert.EqualValues(t, "prometheus", config.Naming)
	assert.False(t, config.Usage.Enabled, "the naming sets a default")
	_, err = configOf(t, "--config", path, "--receiver=sandbox")
	require.NoError(t, err, "a section can be empty")
	_, err = configOf(t, "--config", path, "--receiver=sandboxes/third")
	require.ErrorContains(t, err, `invalid --receiver "sandboxes/third"`)
}

func TestInvalidConfigurations(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		text string
	}{
		"no file":        {[]string{"--config=/nonexistent.yaml"}, "read --config: "},
		"no YAML":        {[]string{"--config", writeConfig(t, "{")}, "read --config: "},
		"no receiver":    {[]string{"--config", writeConfig(t, "receivers:\n  otlp:\n")}, "no sandbox receiver in --config"},
		"no receivers":   {[]string{"--config", writeConfig(t, "exporters:\n")}, "no sandbox receiver in --config"},
		"unknown option": {[]string{"--config", writeConfig(t, "receivers:\n  sandbox:\n    nonsense: 1\n")}, "nonsense"},
		"invalid option": {[]string{"--config", writeConfig(t, "receivers:\n  sandbox:\n    timeout: 1ns\n")}, "timeout: "},
		"invalid flag":   {[]string{"--gvisor-roots=relative"}, "gvisor::roots::0"},
		"receiver":       {[]string{"--receiver=sandbox"}, "requires --config"},
		"unknown scheme": {[]string{"--config=http://localhost"}, "read --config: "},
		"missing variable": {
			[]string{"--config", writeConfig(t, "receivers:\n  sandbox:\n    gvisor:\n      roots: [\"${env:NO_SUCH}\"]\n")},
			"gvisor::roots::0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := configOf(t, test.args...)
			require.ErrorContains(t, err, test.text)
			assert.Equal(t, exitUsage, exitCode(err, true))
		})
	}
}
