package sandbox

// Naming selects how metrics are named.
type Naming string

const (
	// OTel follows OpenTelemetry semantic conventions.
	OTel Naming = "otel"
	// Prometheus uses the names of the runtimes' upstream exporters.
	Prometheus Naming = "prometheus"
)

// Namings lists all valid values of [Naming].
var Namings = [...]Naming{OTel, Prometheus}

// Of returns the descriptor of a family in the naming.
func (n Naming) Of(family *Family) *Descriptor {
	if n == Prometheus {
		return &family.Prometheus
	}
	return &family.OTel
}
