package registration

import "slices"

// ZeroFill selects the counters that are reported with the value 0 before their
// first increment, because sandboxes omit them.
type ZeroFill string

const (
	// ZeroFillNone fills no counters.
	ZeroFillNone ZeroFill = "none"
	// ZeroFillCore fills those of [CoreCounters].
	ZeroFillCore ZeroFill = "core"
	// ZeroFillAll fills all counters that have no field with more than 16 values,
	// because the others have too many series.
	ZeroFillAll ZeroFill = "all"
)

// ZeroFills lists all valid values of [ZeroFill].
var ZeroFills = [...]ZeroFill{ZeroFillNone, ZeroFillCore, ZeroFillAll}

// maxZeroFillValues is the maximum number of values per field of a counter that
// [ZeroFillAll] fills.
const maxZeroFillValues = 16

// CoreCounters are the counters of [ZeroFillCore] by path, with what their
// increase shows. They are counters that alerts use: a rate over a series that
// begins with the first drop or error misses exactly that one. Counters with
// fields are not among them, so each is one series. Those that nearly always
// increase together with one of these are left out.
var CoreCounters = map[string]string{
	"/fs/opens":                 "The workload opens files.",
	"/fs/reads":                 "The workload reads files.",
	"/netstack/dropped_packets": "The transport layer drops packets.",
	"/netstack/nic/tx_packets_dropped_no_buffer_space": "The interface cannot send packets as fast as the workload does.",
	"/netstack/ip/outgoing_packet_errors":              "IP packets cannot be written to the interface.",
	"/netstack/tcp/failed_connection_attempts":         "TCP connections cannot be established.",
	"/netstack/tcp/listen_overflow_syn_drop":           "The workload accepts connections too slowly: connection requests are dropped.",
	"/netstack/tcp/listen_overflow_ack_drop":           "The workload accepts connections too slowly: handshakes are not completed.",
	"/netstack/tcp/segment_send_errors":                "TCP segments cannot be sent.",
	"/netstack/udp/packet_send_errors":                 "UDP datagrams cannot be sent.",
	"/netstack/udp/receive_buffer_errors":              "The workload reads UDP datagrams too slowly: they are dropped.",
}

// fills reports whether a counter is filled with zero. A metric that is unknown
// or has fields is not the one that [CoreCounters] describes.
func (z ZeroFill) fills(m *Metric) bool {
	if m.Type != Counter || m.Dropped {
		return false
	}
	switch z {
	case ZeroFillCore:
		return CoreCounters[m.Path] != "" && len(m.Fields) == 0 && !m.unknown
	case ZeroFillAll:
		return !slices.ContainsFunc(m.Fields, func(f Field) bool { return len(f.Values) > maxZeroFillValues })
	}
	return false
}
