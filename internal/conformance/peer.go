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

// ErrPanic says that gVisor's verifier panicked, which is no verdict.
var ErrPanic = errors.New("gVisor's verifier panicked")

// Peer is gVisor's way from bytes to a verdict.
type Peer struct {
	verifier *prometheus.Verifier
	filter   *regexp.Regexp
	// buckets is how many buckets each histogram has.
	buckets map[string]int
}

// NewPeer reads a registration as runsc reads it from a state file. Release
// must be called in the end.
func NewPeer(raw []byte, filter *regexp.Regexp) (peer *Peer, release func(), err error) {
	var known pb.MetricRegistration
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, nil, err
	}
	verifier, release, err := prometheus.NewVerifier(&known)
	if err != nil {
		return nil, nil, err
	}
	peer = &Peer{verifier: verifier, filter: filter, buckets: map[string]int{}}
	for _, metric := range known.GetMetrics() {
		if metric.GetType() == pb.MetricMetadata_TYPE_DISTRIBUTION {
			peer.buckets[metric.GetPrometheusName()] = len(metric.GetDistributionBucketLowerBounds()) + 1
		}
	}
	return peer, release, nil
}

// answer is what a call over the control socket yields.
type answer struct {
	Success bool   `json:"success"`
	Err     string `json:"err"`
	Result  struct {
		Snapshot *prometheus.Snapshot `json:"snapshot"`
	} `json:"result"`
}

// Read verifies one answer.
func (p *Peer) Read(data []byte) (err error) {
	snapshot, err := p.decode(data)
	if err != nil {
		return err
	}
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%w: %v", ErrPanic, reason)
		}
	}()
	if p.filter != nil {
		for _, data := range snapshot.Data {
			if !p.filter.MatchString(data.Metric.Name) {
				return fmt.Errorf("%s was not asked for", data.Metric.Name)
			}
		}
	}
	for _, data := range snapshot.Data {
		h := data.HistogramValue
		if h != nil && len(h.Buckets) > 0 && len(h.Buckets) == p.buckets[data.Metric.Name] {
			h.Buckets[len(h.Buckets)-1].UpperBound = prometheus.Number{Float: math.Inf(1)}
		}
	}
	return p.verifier.Verify(snapshot)
}

// decode decodes an answer as gVisor's client does: what follows the value is
// not looked at.
func (p *Peer) decode(data []byte) (*prometheus.Snapshot, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var a answer
	if err := decoder.Decode(&a); err != nil {
		return nil, err
	}
	if !a.Success {
		return nil, errors.New(a.Err)
	}
	if a.Result.Snapshot == nil {
		return nil, errors.New("no snapshot")
	}
	return a.Result.Snapshot, nil
}

// WithoutLastBounds is the same answer with null for the last bound of every
// histogram, whatever stood there before.
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
