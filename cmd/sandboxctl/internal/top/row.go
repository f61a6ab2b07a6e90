package top

import (
	"context"
	"strings"
	"time"
)

// Row is a sandbox.
type Row struct {
	// Key identifies the instance of the sandbox.
	Key     string
	Runtime string
	State   string
	ID      string
	Name    string
	Created time.Time
	// CPU is the CPU time since the start of the sandbox, if HasCPU is set.
	CPU    time.Duration
	HasCPU bool
	// Memory is in bytes, if HasMemory is set.
	Memory    int64
	HasMemory bool
	Trust     string
	Reason    string
	// Contactable means that a request may be sent to the sandbox.
	Contactable bool
}

// Source is where the table comes from.
type Source interface {
	// Measure returns all sandboxes. It sends them no requests.
	Measure(ctx context.Context) ([]Row, error)
	// Pull sends a request to a sandbox that is contactable, and returns how long the
	// response took. unresponsive means that there was none in time.
	Pull(ctx context.Context, key string) (duration time.Duration, unresponsive bool, err error)
}

// matches reports whether a filter in lower case is part of a text in the row.
func (r *Row) matches(filter string) bool {
	for _, text := range [...]string{r.ID, r.Name, r.Runtime, r.State, r.Trust, r.Reason} {
		if strings.Contains(strings.ToLower(text), filter) {
			return true
		}
	}
	return false
}
