package host

// Idle is what a connection looks like on which nothing is expected.
type Idle uint8

// The looks of an idle connection.
const (
	// Quiet: open, and nothing has arrived.
	Quiet Idle = iota
	// Closed: the other end has closed the connection.
	Closed
	// Unsolicited: something has arrived.
	Unsolicited
)
