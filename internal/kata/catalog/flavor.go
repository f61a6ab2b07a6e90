package catalog

// Flavor is which of the two Kata runtimes wrote a text. The same name can
// mean another unit from the other one.
type Flavor uint8

const (
	// Go is the runtime written in Go, whose sandboxes live in /run/vc/sbs.
	Go Flavor = iota
	// Rust is runtime-rs, whose sandboxes live in /run/kata.
	Rust

	flavors
)

func (f Flavor) String() string {
	if f == Rust {
		return "runtime-rs"
	}
	return "go"
}
