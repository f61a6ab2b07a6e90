module github.com/sandbox-telemetry/sandboxreceiver/internal/conformance

go 1.26.3

require (
	github.com/sandbox-telemetry/sandboxreceiver v0.0.0
	gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237
)

require (
	go.uber.org/multierr v1.11.0 // indirect
	go.uber.org/zap v1.28.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace github.com/sandbox-telemetry/sandboxreceiver => ../..
