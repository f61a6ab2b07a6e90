package pdataconv

import (
	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// resourceAttribute is one attribute of a sandbox's resource, as configured.
type resourceAttribute struct {
	key              string
	value            func(*sandbox.Identity) string
	include, exclude filter.Filter
}

// resourceAttributes lists the enabled attributes, and those that only filter.
func resourceAttributes(config metadata.ResourceAttributesConfig) (enabled, filtering []resourceAttribute) {
	for _, row := range []struct {
		config metadata.ResourceAttributeConfig
		key    string
		value  func(*sandbox.Identity) string
	}{
		{config.SandboxID, "sandbox.id", func(id *sandbox.Identity) string { return id.ID }},
		{config.SandboxIteration, "sandbox.iteration", func(id *sandbox.Identity) string { return id.Iteration }},
		{config.SandboxRuntimeName, "sandbox.runtime.name", func(id *sandbox.Identity) string { return id.Runtime }},
		{config.SandboxRuntimeVersion, "sandbox.runtime.version", func(id *sandbox.Identity) string { return id.RuntimeVersion }},
		{config.SandboxTrust, "sandbox.trust", func(id *sandbox.Identity) string { return string(id.Trust) }},
		{config.K8sPodUID, "k8s.pod.uid", func(id *sandbox.Identity) string { return id.Pod.UID }},
		{config.K8sPodName, "k8s.pod.name", func(id *sandbox.Identity) string { return id.Pod.Name }},
		{config.K8sNamespaceName, "k8s.namespace.name", func(id *sandbox.Identity) string { return id.Pod.Namespace }},
		{config.ContainerID, "container.id", func(id *sandbox.Identity) string { return id.Container.ID }},
		{config.K8sContainerName, "k8s.container.name", func(id *sandbox.Identity) string { return id.Container.Name }},
	} {
		attribute := resourceAttribute{key: row.key, value: row.value}
		if len(row.config.MetricsInclude) > 0 {
			attribute.include = filter.CreateFilter(row.config.MetricsInclude)
		}
		if len(row.config.MetricsExclude) > 0 {
			attribute.exclude = filter.CreateFilter(row.config.MetricsExclude)
		}
		if row.config.Enabled {
			enabled = append(enabled, attribute)
		}
		if attribute.include != nil || attribute.exclude != nil {
			filtering = append(filtering, attribute)
		}
	}
	return enabled, filtering
}

// Keeps tells whether the configured filters on resource attributes let the
// sandbox through.
func (c *Converter) Keeps(id *sandbox.Identity) bool {
	for i := range c.filtering {
		attribute := &c.filtering[i]
		value := attribute.value(id)
		if attribute.include != nil && !attribute.include.Matches(value) {
			return false
		}
		if attribute.exclude != nil && attribute.exclude.Matches(value) {
			return false
		}
	}
	return true
}

// putResource describes the sandbox as a resource. Empty values are left out.
func (c *Converter) putResource(resource pcommon.Resource, id *sandbox.Identity) {
	size := 0
	for i := range c.attributes {
		if c.attributes[i].value(id) != "" {
			size++
		}
	}
	attributes := resource.Attributes()
	attributes.EnsureCapacity(size)
	for i := range c.attributes {
		if value := c.attributes[i].value(id); value != "" {
			attributes.PutStr(c.attributes[i].key, value)
		}
	}
	if c.settings.Naming == OTel {
		putEntities(resource)
	}
}

// The entities of a sandbox's resource and the keys that identify them.
var entities = []struct {
	kind string
	keys []string
}{
	{"sandbox", []string{"sandbox.id", "sandbox.iteration"}},
	{"k8s.pod", []string{"k8s.pod.uid"}},
}

// putEntities refers to the entities whose identifying attributes are all
// there. The references only name keys of attributes the resource has.
func putEntities(resource pcommon.Resource) {
	attributes := resource.Attributes()
	references := entity.ResourceEntityRefs(resource)
next:
	for _, row := range entities {
		for _, key := range row.keys {
			if _, found := attributes.Get(key); !found {
				continue next
			}
		}
		reference := references.AppendEmpty()
		reference.SetType(row.kind)
		reference.IdKeys().Append(row.keys...)
	}
}
