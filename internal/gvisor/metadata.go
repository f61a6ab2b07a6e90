package gvisor

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// info is what the metadata of a state file become. Sandboxes of one build and
// configuration share it.
type info struct {
	// family has one point per sandbox, with these label values. It exists in the
	// naming "prometheus" only.
	family *sandbox.Family
	values []string
	// attributes are the resource attributes.
	attributes []sandbox.Attribute
}

// resourceKeys maps keys of the metadata to resource attributes of metadata.yaml:
//
//	"metricMetadata":{"coretags":"false","cpuarch":"amd64","experiment":"",
//	"fsmode":"directfs","go":"go1.26.8","network":"sandbox","numcores":"2",
//	"overlay":"root:self","platform":"systrap","version":"release-20260901.0"}
//
// The version is sandbox.runtime.version.
var resourceKeys = map[string]string{
	"coretags":   "gvisor.core_tags",
	"cpuarch":    "gvisor.cpu.arch",
	"experiment": "gvisor.experiment",
	"fsmode":     "gvisor.file_access",
	"go":         "gvisor.go.version",
	"network":    "gvisor.network_mode",
	"numcores":   "gvisor.cpu.count",
	"overlay":    "gvisor.overlay",
	"platform":   "gvisor.platform",
}

// infoOf returns the info for metadata.
func (f *families) infoOf(metadata *discovery.Metadata) *info {
	family := f.metadata
	i := &info{family: &family}
	for _, attribute := range metadata.Attributes {
		family.Prometheus.LabelKeys = append(family.Prometheus.LabelKeys, attribute.Key)
		i.values = append(i.values, attribute.Value)
		if key := resourceKeys[attribute.Key]; key != "" {
			i.attributes = append(i.attributes, sandbox.Attribute{Key: key, Value: attribute.Value})
		}
	}
	return i
}
