package kata

import (
	"bytes"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// processMetrics are the families go_* and process_* of this process. They stand
// for those of every shim of the Go runtime.
type processMetrics struct {
	once     sync.Once
	registry *prometheus.Registry

	mu              sync.Mutex
	gathered        time.Time
	goFamilies      []byte
	processFamilies []byte
}

// maxProcessMetricsAge is the time until the families are gathered again.
const maxProcessMetricsAge = time.Second

// families returns both groups as text. The caller must not change them.
func (m *processMetrics) families() (goFamilies, processFamilies []byte, err error) {
	m.once.Do(func() {
		m.registry = prometheus.NewRegistry()
		m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.gathered) < maxProcessMetricsAge {
		return m.goFamilies, m.processFamilies, nil
	}
	families, err := m.registry.Gather()
	if err != nil {
		return nil, nil, err
	}
	var buffer bytes.Buffer
	split := 0
	for _, family := range families {
		if split == 0 && family.GetName() >= "process_" {
			split = buffer.Len()
		}
		if _, err := expfmt.MetricFamilyToText(&buffer, family); err != nil {
			return nil, nil, err
		}
	}
	m.gathered = time.Now()
	m.goFamilies, m.processFamilies = buffer.Bytes()[:split:split], buffer.Bytes()[split:]
	return m.goFamilies, m.processFamilies, nil
}
