package series

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Resource is a source of series: one set of resource attributes.
type Resource struct {
	// Labels are the labels that all series of the resource have: const_labels, job,
	// instance and, if the configuration asks for them, the resource attributes.
	Labels string
	// Info are the labels of target_info, empty if there is none.
	Info string

	// hash identifies the attributes, sum the labels, and target job and instance.
	hash, sum, target uint64
	// names are the names of all labels, including those without value. They take
	// precedence over the labels of points.
	names   []string
	updated int64

	// head is the first series in the order of arrival, and cursor the series that is
	// expected next.
	head, cursor *Series
	series       int
	lines        int
}

const (
	serviceName       = "service.name"
	serviceNamespace  = "service.namespace"
	serviceInstanceID = "service.instance.id"
)

func isService(key string) bool {
	return key == serviceName || key == serviceNamespace || key == serviceInstanceID
}

// resource returns the resource with the attributes.
func (s *Store) resource(attributes pcommon.Map) (*Resource, error) {
	hash := s.hash.attributes(attributes)
	if r, ok := s.resources[hash]; ok {
		return r, nil
	}
	r, err := s.newResource(attributes)
	if err != nil {
		return nil, err
	}
	r.hash = hash
	s.resources[hash] = r
	if r.Info != "" {
		s.targets++
		s.unsettled = s.unsettled || s.targets == 1
	}
	return r, nil
}

func (s *Store) newResource(attributes pcommon.Map) (*Resource, error) {
	var labels []label
	if s.options.ResourceLabels {
		var err error
		labels, err = s.appendLabels(nil, "", attributes)
		if err != nil {
			return nil, err
		}
		if s.options.ExcludeService {
			labels = slices.DeleteFunc(labels, func(l label) bool { return isService(l.source) })
		}
		labels = mergeLabels(labels)
	}
	identity := jobAndInstance(attributes)
	labels = override(override(labels, identity), s.constLabels)

	r := &Resource{sum: s.hash.sum(labels)}
	for _, l := range labels {
		r.names = append(r.names, l.name)
	}
	text := encode(nil, labels)
	if len(text) > maxLabelBytes {
		return nil, fmt.Errorf("resource labels have %d bytes: must have at most %d", len(text), maxLabelBytes)
	}
	r.Labels = string(text)
	s.addInfo(r, attributes, identity)
	return r, nil
}

// addInfo sets the labels of target_info, if the resource has a job and an instance.
// Attributes that cannot be labels are omitted.
func (s *Store) addInfo(r *Resource, attributes pcommon.Map, identity []label) {
	if len(identity) != 2 || identity[0].value == "" || identity[1].value == "" {
		return
	}
	var labels []label
	for key, value := range attributes.All() {
		if name, err := s.names.Label(key); err == nil && !isService(key) {
			labels = append(labels, label{name: name, value: valid(value), source: key})
		}
	}
	text := encode(nil, override(mergeLabels(labels), identity))
	if len(text) > maxLabelBytes {
		text = encode(nil, identity)
	}
	r.Info = string(text)
	r.target = s.hash.sum(identity)
}

// jobAndInstance returns the labels that identify a target, as the specification of
// OpenTelemetry derives them from service attributes.
func jobAndInstance(attributes pcommon.Map) []label {
	var labels []label
	if id, ok := attributes.Get(serviceInstanceID); ok {
		labels = append(labels, label{name: "instance", value: valid(id)})
	}
	if name, ok := attributes.Get(serviceName); ok {
		job := valid(name)
		if namespace, ok := attributes.Get(serviceNamespace); ok {
			job = valid(namespace) + "/" + job
		}
		labels = append(labels, label{name: "job", value: job})
	}
	return labels
}

func valid(value pcommon.Value) string {
	return strings.ToValidUTF8(value.AsString(), "\ufffd")
}

// override returns labels sorted by name, with those in winners replaced.
func override(labels, winners []label) []label {
	labels = slices.DeleteFunc(labels, func(l label) bool {
		return slices.ContainsFunc(winners, func(w label) bool { return w.name == l.name })
	})
	labels = append(labels, winners...)
	slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return labels
}

// releaseResource forgets a resource without series.
func (s *Store) releaseResource(r *Resource) {
	if r.series > 0 || r == s.active {
		return
	}
	delete(s.resources, r.hash)
	if r.Info != "" {
		s.targets--
		s.unsettled = s.unsettled || s.targets == 0
	}
}
