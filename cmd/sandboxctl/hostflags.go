package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

	"github.com/sandbox-telemetry/sandboxreceiver"
)

// hostFlags are the flags of commands that read the sandboxes of this host.
type hostFlags struct {
	files    []string
	receiver string
	flags    *pflag.FlagSet
	// options are the values of flags that replace an option, by the key of the option.
	options map[string]func() any
}

// addHostFlags adds the flags to a command.
func addHostFlags(command *cobra.Command) *hostFlags {
	f := &hostFlags{flags: command.Flags(), options: map[string]func() any{}}
	defaults := defaultConfig()
	f.flags.StringSliceVar(&f.files, "config", nil,
		"Collector configuration `file` whose options to use; may be repeated")
	f.flags.StringVar(&f.receiver, "receiver", "",
		"`ID` of the receiver in the configuration, for example sandbox/second\n(default: the only sandbox receiver)")
	f.list("gvisor::roots", defaults.GVisor.Roots, "runtime roots of gVisor (`paths` or patterns)")
	f.text("gvisor::docker_containers_path", defaults.GVisor.DockerContainersPath,
		"`directory` from which names of Docker containers are read,\nfor example /var/lib/docker/containers")
	f.list("kata::storage_paths", defaults.Kata.StoragePaths, "storage `paths` of Kata Containers")
	f.text("kata::cri_endpoint", defaults.Kata.CRIEndpoint,
		"`socket` of the container runtime from which missing names of pods are read")
	f.text("usage::cgroup_root", defaults.Usage.CgroupRoot, "`directory` where the cgroups of the host are mounted")
	return f
}

func defaultConfig() *sandboxreceiver.Config {
	return sandboxreceiver.NewFactory().CreateDefaultConfig().(*sandboxreceiver.Config)
}

// list adds a flag for an option that is a list.
func (f *hostFlags) list(key string, value []string, usage string) {
	values := f.flags.StringSlice(flagName(key), value, usage)
	f.options[key] = func() any {
		list := make([]any, len(*values))
		for i, value := range *values {
			list[i] = value
		}
		return list
	}
}

// text adds a flag for an option that is a text.
func (f *hostFlags) text(key, value, usage string) {
	text := f.flags.String(flagName(key), value, usage)
	f.options[key] = func() any { return *text }
}

// flagName returns the name of the flag for an option: gvisor-roots for gvisor::roots.
func flagName(key string) string { return strings.NewReplacer("::", "-", "_", "-").Replace(key) }

// config returns the valid configuration that the flags select, read by the receiver
// itself: defaults that depend on other options, and expanded variables, are those of
// the Collector.
func (f *hostFlags) config(ctx context.Context) (*sandboxreceiver.Config, error) {
	section := confmap.New()
	if len(f.files) > 0 {
		var err error
		if section, err = f.section(ctx); err != nil {
			return nil, usageError{err}
		}
	} else if f.receiver != "" {
		return nil, usageError{fmt.Errorf("invalid --receiver %q: requires --config", f.receiver)}
	}
	for key, value := range f.options {
		if !f.flags.Changed(flagName(key)) {
			continue
		}
		if err := section.Merge(nested(key, value())); err != nil {
			return nil, usageError{fmt.Errorf("set %s: %w", key, err)}
		}
	}
	config := defaultConfig()
	if err := section.Unmarshal(config); err != nil {
		return nil, usageError{fmt.Errorf("read configuration: %w", err)}
	}
	if err := confmap.Validate(config); err != nil {
		return nil, usageError{fmt.Errorf("invalid configuration: %w", err)}
	}
	return config, nil
}

// nested returns a configuration with one option.
func nested(key string, value any) *confmap.Conf {
	keys := strings.Split(key, "::")
	for _, key := range slices.Backward(keys) {
		value = map[string]any{key: value}
	}
	return confmap.NewFromStringMap(value.(map[string]any))
}

// section returns the section of the receiver in the configuration files.
func (f *hostFlags) section(ctx context.Context) (*confmap.Conf, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs: f.files,
		ProviderFactories: []confmap.ProviderFactory{
			fileprovider.NewFactory(), envprovider.NewFactory(), yamlprovider.NewFactory(),
		},
		DefaultScheme: "env",
	})
	if err != nil {
		return nil, fmt.Errorf("read --config: %w", err)
	}
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, fmt.Errorf("read --config: %w", err)
	}
	if err := resolver.Shutdown(ctx); err != nil {
		return nil, fmt.Errorf("read --config: %w", err)
	}
	receivers, err := conf.Sub("receivers")
	if err != nil {
		return nil, fmt.Errorf("read receivers in --config: %w", err)
	}
	id, err := f.selectReceiver(slices.Sorted(maps.Keys(receivers.ToStringMap())))
	if err != nil {
		return nil, err
	}
	return receivers.Sub(id)
}

// selectReceiver returns the sandbox receiver to use.
func (f *hostFlags) selectReceiver(ids []string) (string, error) {
	kind := sandboxreceiver.NewFactory().Type()
	ids = slices.DeleteFunc(ids, func(text string) bool {
		var id component.ID
		return id.UnmarshalText([]byte(text)) != nil || id.Type() != kind
	})
	switch {
	case f.receiver != "" && !slices.Contains(ids, f.receiver):
		return "", fmt.Errorf("invalid --receiver %q: the sandbox receivers in --config are %q", f.receiver, ids)
	case f.receiver != "":
		return f.receiver, nil
	case len(ids) == 0:
		return "", fmt.Errorf("no sandbox receiver in --config %s: use a file with receivers::sandbox", strings.Join(f.files, ", "))
	case len(ids) > 1:
		return "", fmt.Errorf("several sandbox receivers in --config: select one of %q with --receiver", ids)
	}
	return ids[0], nil
}
