package gvisor

import (
	"encoding/json"
	"regexp"
	"sync"
)

// Methods of the simulated control socket.
const (
	methodExport     = "Metrics.Export"
	methodRegistered = "Metrics.GetRegisteredMetrics"
	methodEvent      = "containerManager.Event"
	methodMemory     = "Usage.Collect"
)

// metricFilter selects the metrics of a response by their index in the
// registration. nil selects all.
type metricFilter struct {
	expression *regexp.Regexp
	selected   []bool
}

// newFilter returns the filter of an expression for the metrics of a build.
func newFilter(expression *regexp.Regexp, build *build) *metricFilter {
	f := &metricFilter{expression: expression, selected: make([]bool, len(build.metrics))}
	for i := range build.metrics {
		f.selected[i] = expression.MatchString(build.metrics[i].prometheusName())
	}
	return f
}

func (f *metricFilter) matches(metric int) bool { return f == nil || f.selected[metric] }

// request is one parsed request.
type request struct {
	method string
	filter *metricFilter
	// container is the argument of containerManager.Event.
	container string
	// errorText is the text of the error response, empty if the request is
	// valid.
	errorText string
}

// forUsage reports whether the request is about usage.
func (r *request) forUsage() bool { return r.method == methodEvent || r.method == methodMemory }

// requestCache parses requests. A receiver sends the same few requests over and
// over, so the cache keeps what they parse to.
type requestCache struct {
	mu    sync.RWMutex
	known map[string]*request
}

// maxCachedRequests limits the cache: no receiver sends that many different
// requests.
const maxCachedRequests = 256

func (c *requestCache) parse(data []byte) *request {
	c.mu.RLock()
	parsed := c.known[string(data)]
	c.mu.RUnlock()
	if parsed != nil {
		return parsed
	}
	if parsed = parseRequest(data); parsed.method == methodEvent {
		// There is one such request per container.
		return parsed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxCachedRequests || c.known == nil {
		c.known = make(map[string]*request)
	}
	c.known[string(data)] = parsed
	return parsed
}

// parseRequest parses a request, for example
//
//	{"method":"Metrics.Export","arg":{"only_metrics":"^(?:fs_.*)$"}}
func parseRequest(data []byte) *request {
	var call struct {
		Method string          `json:"method"`
		Arg    json.RawMessage `json:"arg"`
	}
	if err := json.Unmarshal(data, &call); err != nil {
		return &request{errorText: "cannot decode the request: " + err.Error()}
	}
	parsed := &request{method: call.Method}
	switch call.Method {
	case methodRegistered:
	case methodMemory:
		parsed.errorText = parseMemory(call.Arg)
	case methodEvent:
		if err := json.Unmarshal(call.Arg, &parsed.container); err != nil {
			parsed.errorText = "cannot decode the argument: " + err.Error()
		}
	case methodExport:
		parsed.filter, parsed.errorText = parseFilter(call.Arg)
	default:
		parsed.errorText = "unknown method"
	}
	return parsed
}

// parseFilter parses the argument of Metrics.Export. An empty error text means
// success.
func parseFilter(data []byte) (filter *metricFilter, errorText string) {
	var arg struct {
		OnlyMetrics string `json:"only_metrics"`
	}
	if err := json.Unmarshal(data, &arg); err != nil {
		return nil, "cannot decode the argument: " + err.Error()
	}
	if arg.OnlyMetrics == "" {
		return nil, ""
	}
	expression, err := regexp.Compile(arg.OnlyMetrics)
	if err != nil {
		return nil, "cannot compile regexp " + string(mustMarshal(arg.OnlyMetrics)) + ": " + err.Error()
	}
	return newFilter(expression, theBuild()), ""
}

// parseMemory parses the argument of Usage.Collect. A full collection scans the
// memory of the sandbox, so no receiver may request it.
func parseMemory(data []byte) (errorText string) {
	var arg struct{ Full bool }
	if err := json.Unmarshal(data, &arg); err != nil {
		return "cannot decode the argument: " + err.Error()
	}
	if arg.Full {
		return "the simulation has no full collection"
	}
	return ""
}

// appendError appends the response to a request that failed.
func appendError(b []byte, text string) []byte {
	b = append(b, `{"success":false,"err":`...)
	b = append(b, mustMarshal(text)...)
	return append(b, `,"result":null}`...)
}

// objectEnd returns the length of the first JSON object in data, 0 if it is
// incomplete. The protocol has no other delimiter between requests.
func objectEnd(data []byte) int {
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
