package control

import "encoding/json"

// All methods that this package can call. None of them changes anything.
const (
	methodExport            = "Metrics.Export"
	methodRegisteredMetrics = "Metrics.GetRegisteredMetrics"
	methodSavings           = "containerManager.GetSavings"
)

// Request is a call ready to be sent, any number of times. The zero value is
// none.
type Request struct {
	body []byte
}

// Export asks for the values of all metrics whose Prometheus name matches
// filter, a regular expression that must match the whole name; with "", of all.
func Export(filter string) Request {
	if filter != "" {
		// The sandbox takes a match anywhere in the name.
		filter = "^(?:" + filter + ")$"
	}
	return newRequest(methodExport, struct {
		OnlyMetrics string `json:"only_metrics"`
	}{filter})
}

// RegisteredMetrics asks which metrics there are. The answer is what the
// sandbox says about itself, after its workload could have compromised it.
func RegisteredMetrics() Request { return newRequest(methodRegisteredMetrics, struct{}{}) }

// Savings asks what a restore saved. Older releases do not know the method.
func Savings() Request { return newRequest(methodSavings, nil) }

func newRequest(method string, argument any) Request {
	body, err := json.Marshal(struct {
		Method   string `json:"method"`
		Argument any    `json:"arg"`
	}{method, argument})
	if err != nil {
		panic("control: " + err.Error()) // texts always have a JSON form
	}
	return Request{body}
}
