package pdataconv

import (
	"reflect"

	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// resourceAttribute is one attribute of a sandbox's resource, as configured.
type resourceAttribute struct {
	key             string
	value           func(*sandbox.Identity) string
	metrics, events filters
}

// filters select sandboxes by an attribute. Either can be nil.
type filters struct{ include, exclude filter.Filter }

func newFilters(include, exclude []filter.Config) (f filters) {
	if len(include) > 0 {
		f.include = filter.CreateFilter(include)
	}
	if len(exclude) > 0 {
		f.exclude = filter.CreateFilter(exclude)
	}
	return f
}

func (f filters) keep(value string) bool {
	return (f.include == nil || f.include.Matches(value)) && (f.exclude == nil || !f.exclude.Matches(value))
}

// annotationAttribute is an annotation with the key of its attribute.
type annotationAttribute struct {
	annotation, key string
}

// annotationPrefix separates the attributes of annotations, whose keys and values a
// tenant may have chosen, from all others.
const annotationPrefix = "sandbox.annotation."

// commonAttributes are the attributes that all runtimes have. All others are
// looked up in the identity.
var commonAttributes = map[string]func(*sandbox.Identity) string{
	"sandbox.id":              func(id *sandbox.Identity) string { return id.ID },
	"sandbox.iteration":       func(id *sandbox.Identity) string { return id.Iteration },
	"sandbox.runtime.name":    func(id *sandbox.Identity) string { return id.Runtime },
	"sandbox.runtime.version": func(id *sandbox.Identity) string { return id.RuntimeVersion },
	"sandbox.trust":           func(id *sandbox.Identity) string { return string(id.Trust) },
	"k8s.pod.uid":             func(id *sandbox.Identity) string { return id.Pod.UID },
	"k8s.pod.name":            func(id *sandbox.Identity) string { return id.Pod.Name },
	"k8s.namespace.name":      func(id *sandbox.Identity) string { return id.Pod.Namespace },
	"container.id":            func(id *sandbox.Identity) string { return id.Container.ID },
	"container.name":          func(id *sandbox.Identity) string { return id.Container.NameInRuntime },
	"container.image.name":    func(id *sandbox.Identity) string { return imageName(id.Container.Image) },
	"k8s.container.name":      func(id *sandbox.Identity) string { return id.Container.Name },
}

// resourceAttributes returns the enabled attributes, and those that select
// sandboxes. Reflection makes metadata.yaml the only list of attributes; it is
// used once per receiver.
func resourceAttributes(config metadata.ResourceAttributesConfig) (enabled, filtering []resourceAttribute) {
	all := reflect.ValueOf(config)
	for i := range all.NumField() {
		row, isAttribute := all.Field(i).Interface().(metadata.ResourceAttributeConfig)
		if !isAttribute {
			continue
		}
		key := all.Type().Field(i).Tag.Get("mapstructure")
		attribute := resourceAttribute{key: key, value: commonAttributes[key]}
		if attribute.value == nil {
			attribute.value = func(id *sandbox.Identity) string { return id.Value(key) }
		}
		attribute.metrics = newFilters(row.MetricsInclude, row.MetricsExclude)
		attribute.events = newFilters(row.EventsInclude, row.EventsExclude)
		if row.Enabled {
			enabled = append(enabled, attribute)
		}
		if attribute.metrics != (filters{}) || attribute.events != (filters{}) {
			filtering = append(filtering, attribute)
		}
	}
	return enabled, filtering
}

// Keeps reports whether the configured filters on resource attributes include
// the metrics of the sandbox.
func (c *Converter) Keeps(id *sandbox.Identity) bool {
	for i := range c.filtering {
		if attribute := &c.filtering[i]; !attribute.metrics.keep(attribute.value(id)) {
			return false
		}
	}
	return true
}

// KeepsEvents is like Keeps for the events of the sandbox.
func (c *Converter) KeepsEvents(id *sandbox.Identity) bool {
	for i := range c.filtering {
		if attribute := &c.filtering[i]; !attribute.events.keep(attribute.value(id)) {
			return false
		}
	}
	return true
}

// putResource sets the attributes of a sandbox's resource. Empty values are
// omitted.
func (c *Converter) putResource(resource pcommon.Resource, id *sandbox.Identity) {
	size := 0
	for i := range c.attributes {
		if c.attributes[i].value(id) != "" {
			size++
		}
	}
	attributes := resource.Attributes()
	attributes.EnsureCapacity(size + min(len(c.annotations), len(id.Annotations)))
	for i := range c.attributes {
		if value := c.attributes[i].value(id); value != "" {
			attributes.PutStr(c.attributes[i].key, value)
		}
	}
	for i := range c.annotations {
		if value, _ := id.Annotation(c.annotations[i].annotation); value != "" {
			attributes.PutStr(c.annotations[i].key, value)
		}
	}
	if c.settings.Naming == sandbox.OTel {
		putEntities(resource)
	}
}

// entities are those of a sandbox's resource, with the keys that identify them.
var entities = []struct {
	kind string
	keys []string
}{
	{"sandbox", []string{"sandbox.id", "sandbox.iteration"}},
	{"k8s.pod", []string{"k8s.pod.uid"}},
}

// putEntities adds references to the entities whose identifying attributes are
// all present. A reference only names keys of attributes of the resource.
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
