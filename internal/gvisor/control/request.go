package control

import "encoding/json"

// The methods that this package can call. None of them changes the sandbox.
const (
	methodExport            = "Metrics.Export"
	methodRegisteredMetrics = "Metrics.GetRegisteredMetrics"
	methodSavings           = "containerManager.GetSavings"
	methodEvent             = "containerManager.Event"
)

// Request is an encoded call that can be sent any number of times. The zero
// value is not a valid request.
type Request struct {
	body []byte
}

// Export requests the values of all metrics whose Prometheus name matches
// filter, a regular expression that must match the whole name. An empty filter
// selects all metrics.
func Export(filter string) Request {
	if filter != "" {
		// The sandbox accepts a match anywhere in the name.
		filter = "^(?:" + filter + ")$"
	}
	return newRequest(methodExport, struct {
		OnlyMetrics string `json:"only_metrics"`
	}{filter})
}

// RegisteredMetrics requests the registration of metrics. The response comes
// from a sandbox that its workload may already have compromised.
func RegisteredMetrics() Request { return newRequest(methodRegisteredMetrics, struct{}{}) }

// Savings requests how much time a restore saved. Older releases do not support
// the method.
func Savings() Request { return newRequest(methodSavings, nil) }

// Event requests the usage of a container, with the CPU time of all containers and
// the network interfaces of the sandbox. The sandbox may scan its memory for it.
func Event(containerID string) Request { return newRequest(methodEvent, containerID) }

func newRequest(method string, argument any) Request {
	body, err := json.Marshal(struct {
		Method   string `json:"method"`
		Argument any    `json:"arg"`
	}{method, argument})
	if err != nil {
		panic("control: " + err.Error()) // Strings can always be encoded.
	}
	return Request{body}
}
