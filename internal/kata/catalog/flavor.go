package catalog

// Flavor identifies one of the two implementations of the Kata runtime. The
// same item can have a different unit in each of them: kata_shim_proc_status
// holds bytes if a Go shim wrote it and KiB if runtime-rs did.
type Flavor uint8

const (
	// Go is the runtime written in Go. Its storage path is /run/vc/sbs.
	Go Flavor = iota
	// Rust is the runtime written in Rust, runtime-rs. Its storage path is
	// /run/kata.
	Rust

	flavorCount
)

// String returns "go" or "runtime-rs".
func (f Flavor) String() string {
	if f == Rust {
		return "runtime-rs"
	}
	return "go"
}
