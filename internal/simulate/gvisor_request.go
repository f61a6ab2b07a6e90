package simulate

import (
	"encoding/json"
	"regexp"
	"sync"
)

// Methods that a simulated control socket knows.
const (
	methodExport     = "Metrics.Export"
	methodRegistered = "Metrics.GetRegisteredMetrics"
)

// metricFilter tells which metrics of the registration an answer holds. nil
// lets all pass.
type metricFilter struct {
	pass []bool
}

func (f *metricFilter) matches(metric int) bool { return f == nil || f.pass[metric] }

// gvisorRequest is one call, taken apart.
type gvisorRequest struct {
	method string
	filter *metricFilter
	// refusal is the text of the error to answer with, if any.
	refusal string
}

// requestCache takes requests apart. Every receiver sends the same few requests
// over and over, so it remembers what they mean.
type requestCache struct {
	mu    sync.RWMutex
	known map[string]*gvisorRequest
}

// requestCacheLimit bounds the cache: whoever sends more different requests
// than that is no receiver.
const requestCacheLimit = 256

func (c *requestCache) parse(data []byte) *gvisorRequest {
	c.mu.RLock()
	request := c.known[string(data)]
	c.mu.RUnlock()
	if request != nil {
		return request
	}
	request = parseGVisorRequest(data)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= requestCacheLimit || c.known == nil {
		c.known = make(map[string]*gvisorRequest)
	}
	c.known[string(data)] = request
	return request
}

// parseGVisorRequest takes a call apart, for example
//
//	{"method":"Metrics.Export","arg":{"only_metrics":"^(?:fs_.*)$"}}
func parseGVisorRequest(data []byte) *gvisorRequest {
	var call struct {
		Method string          `json:"method"`
		Arg    json.RawMessage `json:"arg"`
	}
	if err := json.Unmarshal(data, &call); err != nil {
		return &gvisorRequest{refusal: "cannot decode the request: " + err.Error()}
	}
	request := &gvisorRequest{method: call.Method}
	switch call.Method {
	case methodRegistered:
	case methodExport:
		var arg struct {
			OnlyMetrics string `json:"only_metrics"`
		}
		if err := json.Unmarshal(call.Arg, &arg); err != nil {
			request.refusal = "cannot decode the argument: " + err.Error()
			break
		}
		if arg.OnlyMetrics == "" {
			break
		}
		expression, err := regexp.Compile(arg.OnlyMetrics)
		if err != nil {
			request.refusal = "cannot compile regexp " + string(mustMarshal(arg.OnlyMetrics)) + ": " + err.Error()
			break
		}
		build := theGVisorBuild()
		request.filter = &metricFilter{pass: make([]bool, len(build.metrics))}
		for i := range build.metrics {
			request.filter.pass[i] = expression.MatchString(build.metrics[i].prometheusName())
		}
	default:
		request.refusal = "unknown method"
	}
	return request
}

// appendRefusal appends the answer to a call that failed.
func appendRefusal(b []byte, text string) []byte {
	b = append(b, `{"success":false,"err":`...)
	b = append(b, mustMarshal(text)...)
	return append(b, `,"result":null}`...)
}

// valueEnd tells how many bytes the first JSON object in data takes, 0 if it
// has not all come yet. The protocol has no other mark for the end of a call.
func valueEnd(data []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		}
	}
	return 0
}
