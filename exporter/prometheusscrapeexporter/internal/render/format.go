// Package render turns the series of a store into pages in the Prometheus text format
// 0.0.4 and in OpenMetrics 1.0.
package render

import (
	"strings"

	"github.com/munnerz/goautoneg"
	"github.com/prometheus/common/model"
)

// Format is the format of a page.
type Format struct {
	// OpenMetrics reports whether the page is in OpenMetrics instead of the Prometheus
	// text format.
	OpenMetrics bool
	// Escaping is how names are written that the client cannot read otherwise.
	Escaping model.EscapingScheme
}

const (
	openMetricsType = "application/openmetrics-text"
	maxAcceptLength = 4 << 10
)

// ContentType returns the value of the header Content-Type.
func (f Format) ContentType() string {
	if f.OpenMetrics {
		return openMetricsType + "; version=1.0.0; charset=utf-8; escaping=" + f.Escaping.String()
	}
	return "text/plain; version=0.0.4; charset=utf-8; escaping=" + f.Escaping.String()
}

// Negotiate returns the format that a client prefers, by its header Accept.
func Negotiate(accept string, openMetrics bool) Format {
	format := Format{Escaping: model.UnderscoreEscaping}
	if len(accept) > maxAcceptLength {
		return format
	}
	for _, clause := range goautoneg.ParseAccept(accept) {
		version := clause.Params["version"]
		switch clause.Type + "/" + clause.SubType {
		case openMetricsType:
			if !openMetrics || version != "1.0.0" && version != "" {
				continue
			}
			format.OpenMetrics = true
		case "text/plain":
			if version != "0.0.4" && version != "" {
				continue
			}
		default:
			continue
		}
		if scheme, err := model.ToEscapingScheme(clause.Params[model.EscapingKey]); err == nil {
			format.Escaping = scheme
		}
		return format
	}
	return format
}

// AcceptsGzip reports whether a client accepts gzip, by its header Accept-Encoding.
func AcceptsGzip(acceptEncoding string) bool {
	if len(acceptEncoding) > maxAcceptLength {
		return false
	}
	for clause := range strings.SplitSeq(acceptEncoding, ",") {
		coding, params, _ := strings.Cut(clause, ";")
		coding = strings.TrimSpace(coding)
		if !strings.EqualFold(coding, "gzip") && coding != "*" {
			continue
		}
		weight, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		return !ok || strings.Trim(weight, "0.") != ""
	}
	return false
}
