// Package names translates the names of OpenTelemetry metrics and attributes into
// names of Prometheus metrics and labels, with the library that Prometheus itself uses.
package names

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/otlptranslator"
)

// targetInfo is the name of the metric that describes a resource.
const targetInfo = "target_info"

// maxCachedLabels bounds the cache of translated attribute keys. Attribute keys are
// usually few; a source that invents keys empties the cache instead of growing it.
const maxCachedLabels = 4096

// errReserved is wrapped by the errors of names that Prometheus reserves.
var errReserved = errors.New("label names starting with __ are reserved")

// Strategies are the values of translation_strategy.
var Strategies = []string{
	string(otlptranslator.UnderscoreEscapingWithSuffixes),
	string(otlptranslator.UnderscoreEscapingWithoutSuffixes),
	string(otlptranslator.NoUTF8EscapingWithSuffixes),
	string(otlptranslator.NoTranslation),
}

// Type is what the name of a metric depends on besides its own name and unit.
type Type = otlptranslator.MetricType

// The types of metrics, as the translation distinguishes them.
const (
	Gauge                = Type(otlptranslator.MetricTypeGauge)
	MonotonicSum         = Type(otlptranslator.MetricTypeMonotonicCounter)
	NonMonotonicSum      = Type(otlptranslator.MetricTypeNonMonotonicCounter)
	Histogram            = Type(otlptranslator.MetricTypeHistogram)
	ExponentialHistogram = Type(otlptranslator.MetricTypeExponentialHistogram)
	Summary              = Type(otlptranslator.MetricTypeSummary)
)

// Translator translates names under one strategy. It caches labels and must not be
// used concurrently.
type Translator struct {
	metrics otlptranslator.MetricNamer
	labels  otlptranslator.LabelNamer
	units   otlptranslator.UnitNamer
	cache   map[string]translated
}

type translated struct {
	name string
	err  error
}

// NewTranslator returns a Translator for one of Strategies. The empty strategy is
// the first of them.
func NewTranslator(strategy, namespace string) *Translator {
	if strategy == "" {
		strategy = Strategies[0]
	}
	option := otlptranslator.TranslationStrategyOption(strategy)
	utf8Allowed := !option.ShouldEscape()
	return &Translator{
		metrics: otlptranslator.NewMetricNamer(namespace, option),
		// Contrib's exporter preserves underscores by default.
		labels: otlptranslator.LabelNamer{UTF8Allowed: utf8Allowed, PreserveMultipleUnderscores: true},
		units:  otlptranslator.UnitNamer{UTF8Allowed: utf8Allowed},
		cache:  make(map[string]translated),
	}
}

// Metric returns the name of a metric.
func (t *Translator) Metric(name, unit string, kind Type) (string, error) {
	result, err := t.metrics.Build(otlptranslator.Metric{Name: name, Unit: unit, Type: kind})
	if err != nil {
		return "", err
	}
	if !model.UTF8Validation.IsValidMetricName(result) {
		return "", fmt.Errorf("invalid metric name %q", result)
	}
	return strings.Clone(result), nil
}

// Unit returns the unit as it appears in names, for example "seconds" for "s".
func (t *Translator) Unit(unit string) string {
	return t.units.Build(unit)
}

// TargetInfo returns the name of the metric that describes resources.
func (t *Translator) TargetInfo() string {
	if t.metrics.Namespace == "" {
		return targetInfo
	}
	namespace, err := t.labels.Build(t.metrics.Namespace)
	if err != nil {
		return targetInfo
	}
	return namespace + "_" + targetInfo
}

// Label returns the name of the label of an attribute.
func (t *Translator) Label(key string) (string, error) {
	if cached, ok := t.cache[key]; ok {
		return cached.name, cached.err
	}
	name, err := t.label(key)
	if len(t.cache) >= maxCachedLabels {
		clear(t.cache)
	}
	t.cache[strings.Clone(key)] = translated{name: name, err: err}
	return name, err
}

func (t *Translator) label(key string) (string, error) {
	if !utf8.ValidString(key) {
		return "", fmt.Errorf("attribute key %q is not UTF-8", key)
	}
	name, err := t.labels.Build(key)
	if err != nil {
		return "", err
	}
	if err := CheckLabel(name, t.labels.UTF8Allowed); err != nil {
		return "", err
	}
	return strings.Clone(name), nil
}

// CheckLabel returns an error if name cannot be used as the name of a label.
func CheckLabel(name string, utf8Allowed bool) error {
	scheme := model.LegacyValidation
	if utf8Allowed {
		scheme = model.UTF8Validation
	}
	if !scheme.IsValidLabelName(name) {
		return fmt.Errorf("invalid label name %q", name)
	}
	if strings.HasPrefix(name, model.ReservedLabelPrefix) {
		return fmt.Errorf("invalid label name %q: %w", name, errReserved)
	}
	return nil
}

// UTF8Allowed reports whether names under the strategy may contain any character.
func UTF8Allowed(strategy string) bool {
	return strategy != "" && !otlptranslator.TranslationStrategyOption(strategy).ShouldEscape()
}

// Plain reports whether a name needs no quotes on a page.
func Plain(name string) bool {
	return model.LegacyValidation.IsValidMetricName(name)
}

// PlainLabel reports whether the name of a label needs no quotes on a page.
func PlainLabel(name string) bool {
	return model.LegacyValidation.IsValidLabelName(name)
}
