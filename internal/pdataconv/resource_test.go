package pdataconv

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// convertResource returns the resource of a sandbox with the given configuration of
// resource attributes.
func convertResource(id *sandbox.Identity, config metadata.ResourceAttributesConfig) pcommon.Resource {
	b := New(Settings{Naming: sandbox.OTel, Attributes: config}).NewBatch()
	b.Append(id, typicalReading())
	return b.Take().ResourceMetrics().At(0).Resource()
}

func TestResourceAttributesAndEntities(t *testing.T) {
	config := metadata.DefaultResourceAttributesConfig()
	config.K8sPodUID.Enabled = false
	id := identity()
	id.RuntimeVersion = ""
	resource := convertResource(id, config)
	assert.Equal(t, map[string]any{
		"sandbox.id": "web", "sandbox.iteration": "1zo45", "sandbox.runtime.name": "gvisor",
		"sandbox.trust": "registered", "k8s.pod.name": "web-0", "k8s.namespace.name": "shop",
	}, resource.Attributes().AsRaw(), "disabled and empty attributes must be omitted")
	assert.Equal(t, 1, entity.ResourceEntityRefs(resource).Len(), "the entity k8s.pod requires k8s.pod.uid")
}

func TestRuntimeAttributesAreOptional(t *testing.T) {
	id := identity()
	id.Attributes = []sandbox.Attribute{{Key: "gvisor.platform", Value: "kvm"}, {Key: "not.configured", Value: "x"}}
	config := metadata.DefaultResourceAttributesConfig()
	for _, enabled := range []bool{false, true} {
		config.GvisorPlatform.Enabled = enabled
		attributes := convertResource(id, config).Attributes()
		platform, found := attributes.Get("gvisor.platform")
		assert.Equal(t, enabled, found && platform.Str() == "kvm")
		_, found = attributes.Get("not.configured")
		assert.False(t, found, "attributes that are not in metadata.yaml must be omitted")
	}
}

func TestContainerAttributes(t *testing.T) {
	id := identity()
	id.Container = sandbox.Container{ID: "c1", Name: "app", NameInRuntime: "shop-web", Image: "docker.io/library/web:2"}
	got := convertResource(id, metadata.DefaultResourceAttributesConfig()).Attributes().AsRaw()
	for key, want := range map[string]string{
		"container.id": "c1", "k8s.container.name": "app", "container.name": "shop-web", "container.image.name": "docker.io/library/web",
	} {
		assert.Equal(t, want, got[key], key)
	}
}

// TestAnnotationsBecomeAttributes covers annotations that are read for other reasons, and
// those whose keys are the same as the keys of other attributes.
func TestAnnotationsBecomeAttributes(t *testing.T) {
	id := identity()
	id.Annotations = []sandbox.Attribute{
		{Key: "empty", Value: ""},
		{Key: "example.com/team", Value: "search"},
		{Key: "sandbox.id", Value: "forged"},
		{Key: "secret", Value: "x"},
	}
	for _, naming := range sandbox.Namings {
		plain := New(Settings{Naming: naming, Attributes: metadata.DefaultResourceAttributesConfig()}).NewBatch()
		plain.Append(id, typicalReading())
		want := plain.Take()
		attributes := want.ResourceMetrics().At(0).Resource().Attributes()
		attributes.PutStr("sandbox.annotation.example.com/team", "search")
		attributes.PutStr("sandbox.annotation.sandbox.id", "forged")
		b := New(Settings{
			Naming: naming, Attributes: metadata.DefaultResourceAttributesConfig(),
			Annotations: []string{"example.com/team", "sandbox.id", "empty", "absent"},
		}).NewBatch()
		b.Append(id, typicalReading())
		got := b.Take()
		assert.Equal(t, want, got, "only listed annotations, and only on the resource")
		id, _ := got.ResourceMetrics().At(0).Resource().Attributes().Get("sandbox.id")
		assert.Equal(t, "web", id.Str())
	}
}

func TestResourceAttributeFilters(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*metadata.ResourceAttributesConfig)
		keeps  bool
	}{
		"no filter": {func(*metadata.ResourceAttributesConfig) {}, true},
		"included": {func(c *metadata.ResourceAttributesConfig) {
			c.K8sNamespaceName.MetricsInclude = []filter.Config{{Strict: "shop"}}
		}, true},
		"not included": {func(c *metadata.ResourceAttributesConfig) {
			c.K8sNamespaceName.MetricsInclude = []filter.Config{{Strict: "other"}}
		}, false},
		"excluded": {func(c *metadata.ResourceAttributesConfig) {
			c.SandboxID.MetricsExclude = []filter.Config{{Regex: "w.*"}}
		}, false},
		"not excluded by a disabled attribute": {func(c *metadata.ResourceAttributesConfig) {
			c.SandboxID.Enabled = false
			c.SandboxID.MetricsExclude = []filter.Config{{Strict: "db"}}
		}, true},
		"excluded by a disabled attribute": {func(c *metadata.ResourceAttributesConfig) {
			c.SandboxID.Enabled = false
			c.SandboxID.MetricsExclude = []filter.Config{{Strict: "web"}}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			config := metadata.DefaultResourceAttributesConfig()
			test.change(&config)
			assert.Equal(t, test.keeps, New(Settings{Naming: sandbox.OTel, Attributes: config}).Keeps(identity()))
		})
	}
}
