package registration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

var (
	registrationFields = jsonscan.NewFields("metrics", "stages")
	metricFields       = jsonscan.NewFields("name", "prometheus_name", "description", "cumulative",
		"type", "units", "fields", "distribution_bucket_lower_bounds", "sync")
	fieldFields = jsonscan.NewFields("field_name", "allowed_values")
)

// stagesField is the index of "stages" in registrationFields.
const stagesField = 1

// Indexes in metricFields.
const (
	nameField = iota
	prometheusNameField
	descriptionField
	cumulativeField
	typeField
	unitsField
	fieldsField
	boundsField
	syncField
)

// Parse parses a registration. Prefix begins all names in the naming
// "prometheus". The error is always an [*Error].
func Parse(raw []byte, prefix string, limits Limits) (*Registration, error) {
	p := parser{limits: limits.withDefaults(), prefix: prefix}
	return p.run(raw)
}

// ParseFirstUse parses a registration that comes from the sandbox itself. Known
// metrics have the known help texts; unknown ones are dropped or renamed.
func ParseFirstUse(raw []byte, known *Known, limits Limits) (*Registration, error) {
	p := parser{limits: limits.withDefaults(), known: known}
	return p.run(raw)
}

// run parses a registration.
func (p *parser) run(raw []byte) (*Registration, error) {
	p.interned = map[string]string{}
	p.scan.ResetBytes(raw, p.limits.scan())
	p.parse()
	if p.err != nil {
		return nil, p.err
	}
	if err := p.scan.Err(); err != nil {
		return nil, formatError(err)
	}
	return p.build()
}

// formatError converts an error of the scanner to an [*Error].
func formatError(err error) *Error {
	if jsonscan.IsLimit(err) {
		return &Error{Rule: RuleLimit, Err: err}
	}
	return &Error{Rule: RuleFormat, Err: err}
}

type parser struct {
	scan   jsonscan.Scanner
	limits Limits
	prefix string
	// known is set if the registration comes from the sandbox itself.
	known   *Known
	metrics []Metric
	// numbers counts toward [Limits.Numbers].
	numbers int
	// interned holds each string once.
	interned map[string]string
	// metricErr is the first violation of the current metric. It is kept until
	// the end of the metric, because the name may follow.
	metricErr *Error
	// err is the violation that stopped the parser.
	err *Error
}

// reject stops the parser with a violation.
func (p *parser) reject(err *Error) {
	if p.err == nil && p.scan.Err() == nil {
		p.err = err
		p.scan.Fail(err)
	}
}

// rejectMetric records a violation of the current metric.
func (p *parser) rejectMetric(rule Rule, detail string, args ...any) {
	if p.metricErr == nil {
		p.metricErr = &Error{Rule: rule, Detail: fmt.Sprintf(detail, args...)}
	}
}

func (p *parser) parse() {
	s := &p.scan
	if s.Null() {
		p.reject(&Error{Rule: RuleAbsent, Detail: "the registration is null"})
	}
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(registrationFields, &seen)
		if !more {
			break
		}
		if field == stagesField {
			skipStages(s)
			continue
		}
		for s.OpenArray(); s.NextElement(); {
			if len(p.metrics) == p.limits.Metrics {
				p.reject(&Error{Rule: RuleLimit, Detail: fmt.Sprintf("more than %d metrics", p.limits.Metrics)})
			}
			p.parseMetric()
		}
	}
	s.End()
}

// skipStages skips the stages, which have to be strings nevertheless.
func skipStages(s *jsonscan.Scanner) {
	for s.OpenArray(); s.NextElement(); {
		_ = s.String()
	}
}

// parseMetric parses, verifies and appends one metric.
func (p *parser) parseMetric() {
	p.metricErr = nil
	m, unit := p.readMetric()
	if p.scan.Err() != nil {
		return
	}
	if unit != int64(int32(unit)) {
		p.rejectMetric(RuleFormat, `"units" does not fit into 32 bits`)
	}
	if p.metricErr == nil {
		p.metricErr = checkMetric(&m)
	}
	if p.metricErr == nil {
		if p.known != nil {
			p.known.admit(&m, unit)
		} else {
			addFamilies(&m, unit, p.prefix)
		}
		if !m.Dropped {
			p.countSeries(&m)
		}
	}
	if p.metricErr != nil {
		p.metricErr.Metric = cmp.Or(m.Name, m.Path)
		p.reject(p.metricErr)
		return
	}
	p.metrics = append(p.metrics, m)
}

// readMetric reads the definition of a metric.
func (p *parser) readMetric() (m Metric, unit int64) {
	s := &p.scan
	var (
		valueType  int64
		cumulative bool
		seen       jsonscan.Seen
	)
	for s.OpenObject(); ; {
		field, more := s.NextField(metricFields, &seen)
		if !more {
			break
		}
		switch field {
		case nameField:
			m.Path = p.text("name", p.limits.Name)
		case prometheusNameField:
			m.Name = p.text("prometheus_name", p.limits.Name)
		case descriptionField:
			m.Help = p.text("description", p.limits.Description)
		case cumulativeField:
			cumulative = s.Bool()
		case typeField:
			valueType = s.Int64()
		case unitsField:
			unit = s.Int64()
		case fieldsField:
			for s.OpenArray(); s.NextElement(); {
				p.readField(&m)
			}
		case boundsField:
			for s.OpenArray(); s.NextElement(); {
				p.readBound(&m)
			}
		case syncField:
			s.Bool()
		}
	}
	switch {
	case valueType == 0 && cumulative:
		m.Type = Counter
	case valueType == 0:
		m.Type = Gauge
	case valueType == 1:
		m.Type = Histogram
	default:
		p.rejectMetric(RuleType, "type %d is neither 0 (integer) nor 1 (distribution)", valueType)
	}
	return m, unit
}

func (p *parser) readField(m *Metric) {
	s := &p.scan
	var field Field
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		key, more := s.NextField(fieldFields, &seen)
		if !more {
			break
		}
		switch key {
		case 0:
			field.Key = p.text("field_name", p.limits.Name)
		case 1:
			for s.OpenArray(); s.NextElement(); {
				value := p.text("allowed value", p.limits.Name)
				if len(field.Values) == p.limits.Values {
					p.rejectMetric(RuleLimit, "field with more than %d values", p.limits.Values)
					continue
				}
				field.Values = append(field.Values, value)
			}
		}
	}
	p.indexValues(&field)
	if len(m.Fields) == p.limits.Fields {
		p.rejectMetric(RuleLimit, "more than %d fields", p.limits.Fields)
		return
	}
	m.Fields = append(m.Fields, field)
}

// indexValues prepares a field for [Field.Ordinal].
func (p *parser) indexValues(field *Field) {
	ordinals := make(map[string]uint32, len(field.Values))
	for i, value := range field.Values {
		if _, duplicate := ordinals[value]; duplicate {
			p.rejectMetric(RuleDuplicateValue, "field %.100q has the value %.100q twice", field.Key, value)
			return
		}
		ordinals[value] = uint32(i)
	}
	if len(field.Values) > maxLinearValues {
		field.ordinals = ordinals
	}
}

func (p *parser) readBound(m *Metric) {
	bound := p.scan.Int64()
	// One bound too many is kept, so that RuleBuckets detects a histogram with
	// too many. Other metrics may have any number of bounds, which are unused.
	if len(m.Bounds) == maxBuckets {
		return
	}
	m.Bounds = append(m.Bounds, bound)
	m.FloatBounds = append(m.FloatBounds, float64(bound))
}

// countSeries sets the number of series of a metric and the strides of its
// fields.
func (p *parser) countSeries(m *Metric) {
	series := uint64(1)
	for i := range slices.Backward(m.Fields) {
		m.Fields[i].stride = uint32(series)
		series *= uint64(len(m.Fields[i].Values))
		if series > uint64(p.limits.Numbers) {
			break
		}
	}
	perSeries := uint64(1)
	if m.Type == Histogram {
		perSeries += uint64(m.Buckets())
	}
	numbers := series * perSeries
	if numbers+uint64(p.numbers) > uint64(p.limits.Numbers) {
		p.rejectMetric(RuleLimit, "more than %d stored numbers (one per series, plus one per histogram bucket)", p.limits.Numbers)
		return
	}
	p.numbers += int(numbers)
	m.Series = uint32(series)
}

// text reads and interns a string of at most limit bytes.
func (p *parser) text(what string, limit int) string {
	text := p.scan.String()
	if len(text) > limit {
		p.rejectMetric(RuleLimit, "%s is longer than %d bytes", what, limit)
		return ""
	}
	if known, ok := p.interned[string(text)]; ok {
		return known
	}
	kept := string(text)
	p.interned[kept] = kept
	return kept
}

// build returns the registration of all metrics.
func (p *parser) build() (*Registration, error) {
	if err := checkNames(p.metrics); err != nil {
		return nil, err
	}
	r := &Registration{
		Metrics: slices.Clone(p.metrics),
		byName:  make(map[string]*Metric, len(p.metrics)),
	}
	slices.SortFunc(r.Metrics, func(a, b Metric) int { return cmp.Compare(a.Path, b.Path) })
	dropAmbiguous(r.Metrics)
	for i := range r.Metrics {
		m := &r.Metrics[i]
		m.Index = i
		m.First = r.Series
		r.Series += m.Series
		r.byName[m.Name] = m
		if !m.Dropped {
			m.Canonical = canonical(m)
		}
	}
	return r, nil
}

// canonical returns what a sandbox sends between the name of a metric and its
// labels or value. It uses the same encoder as gVisor, which makes the escapes
// the same.
func canonical(m *Metric) []byte {
	help, err := json.Marshal(m.Help)
	if err != nil {
		return nil // Strings can always be encoded. Without it, snapshots are only read more slowly.
	}
	return fmt.Appendf(nil, `","type":%d,"help":%s},`, m.Type, help)
}
