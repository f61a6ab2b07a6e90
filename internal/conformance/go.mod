module github.com/sandbox-telemetry/sandboxreceiver/internal/conformance

go 1.26.3

require (
	github.com/sandbox-telemetry/sandboxreceiver v0.0.0
	gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237
)

require google.golang.org/protobuf v1.36.11 // indirect

replace github.com/sandbox-telemetry/sandboxreceiver => ../..
