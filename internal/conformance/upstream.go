package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"

	pb "gvisor.dev/gvisor/pkg/metric/metric_go_proto"
	"gvisor.dev/gvisor/pkg/prometheus"
)

// ErrPanic reports that gVisor's verifier panicked, which is not a verdict.
var ErrPanic = errors.New("gVisor's verifier panicked")

// Upstream decodes and verifies responses with gVisor's own code.
type Upstream struct {
	verifier *prometheus.Verifier
	filter   *regexp.Regexp
	// buckets holds the number of buckets of each histogram, by name.
	buckets map[string]int
}

// NewUpstream reads a registration the way runsc reads it from a state file.
// The caller must call release when it no longer needs the result.
func NewUpstream(raw []byte, filter *regexp.Regexp) (upstream *Upstream, release func(), err error) {
	var known pb.MetricRegistration
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, nil, err
	}
	verifier, release, err := prometheus.NewVerifier(&known)
	if err != nil {
		return nil, nil, err
	}
	upstream = &Upstream{verifier: verifier, filter: filter, buckets: map[string]int{}}
	for _, metric := range known.GetMetrics() {
		if metric.GetType() == pb.MetricMetadata_TYPE_DISTRIBUTION {
			upstream.buckets[metric.GetPrometheusName()] = len(metric.GetDistributionBucketLowerBounds()) + 1
		}
	}
	return upstream, release, nil
}

// response is the response to a call over the control socket.
type response struct {
	Success bool   `json:"success"`
	Err     string `json:"err"`
	Result  struct {
		Snapshot *prometheus.Snapshot `json:"snapshot"`
	} `json:"result"`
}

// Read verifies one response.
func (u *Upstream) Read(data []byte) (err error) {
	snapshot, err := decode(data)
	if err != nil {
		return err
	}
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%w: %v", ErrPanic, reason)
		}
	}()
	if u.filter != nil {
		for _, data := range snapshot.Data {
			if !u.filter.MatchString(data.Metric.Name) {
				return fmt.Errorf("metric %s does not match the filter of the request", data.Metric.Name)
			}
		}
	}
	for _, data := range snapshot.Data {
		h := data.HistogramValue
		if h != nil && len(h.Buckets) > 0 && len(h.Buckets) == u.buckets[data.Metric.Name] {
			h.Buckets[len(h.Buckets)-1].UpperBound = prometheus.Number{Float: math.Inf(1)}
		}
	}
	return u.verifier.Verify(snapshot)
}

// decode decodes a response the way gVisor's client does, which ignores any
// data after the value.
func decode(data []byte) (*prometheus.Snapshot, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var r response
	if err := decoder.Decode(&r); err != nil {
		return nil, err
	}
	if !r.Success {
		return nil, errors.New(r.Err)
	}
	if r.Result.Snapshot == nil {
		return nil, errors.New("response has no snapshot")
	}
	return r.Result.Snapshot, nil
}

// WithoutLastBounds returns the response with null as the bound of the last
// bucket of every histogram.
func WithoutLastBounds(data []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	clearLastBounds(tree)
	return json.Marshal(tree)
}

func clearLastBounds(tree any) {
	switch tree := tree.(type) {
	case map[string]any:
		if buckets, ok := tree["buckets"].([]any); ok && len(buckets) > 0 {
			if last, ok := buckets[len(buckets)-1].(map[string]any); ok {
				last["le"] = nil
			}
		}
		for _, value := range tree {
			clearLastBounds(value)
		}
	case []any:
		for _, value := range tree {
			clearLastBounds(value)
		}
	}
}
