package catalog

// networkDevice holds the columns of /proc/net/dev. The column errs already
// includes frame and carrier errors, so errors of a single type are separate
// metrics and not points of the same metric.
var networkDevice = []item{
	{name: "recv_bytes", metric: networkIO, attributes: "network.io.direction=receive", inDefault: true},
	{name: "sent_bytes", metric: networkIO, attributes: "network.io.direction=transmit", inDefault: true},
	{name: "recv_packets", metric: networkPackets, attributes: "network.io.direction=receive"},
	{name: "sent_packets", metric: networkPackets, attributes: "network.io.direction=transmit"},
	{name: "recv_errs", metric: networkErrors, attributes: "network.io.direction=receive"},
	{name: "sent_errs", metric: networkErrors, attributes: "network.io.direction=transmit"},
	{name: "recv_drop", metric: networkDropped, attributes: "network.io.direction=receive"},
	{name: "sent_drop", metric: networkDropped, attributes: "network.io.direction=transmit"},
	{name: "recv_fifo", metric: networkFIFOErrors, attributes: "network.io.direction=receive"},
	{name: "sent_fifo", metric: networkFIFOErrors, attributes: "network.io.direction=transmit"},
	{name: "recv_compressed", metric: networkCompressed, attributes: "network.io.direction=receive"},
	{name: "sent_compressed", metric: networkCompressed, attributes: "network.io.direction=transmit"},
	{name: "recv_frame", metric: networkFrameErrors},
	{name: "recv_multicast", metric: networkMulticast},
	{name: "sent_colls", metric: networkCollisions},
	{name: "sent_carrier", metric: networkCarrierErrors},
}

var (
	networkIO = metric{
		"network.io", "By", counter, "Bytes received and transmitted by network interfaces of {}.",
	}
	networkPackets = metric{
		"network.packet.count", "{packet}", counter, "Number of packets received and transmitted by network interfaces of {}.",
	}
	networkErrors = metric{
		"network.errors", "{error}", counter, "Number of errors of network interfaces of {}.",
	}
	networkDropped = metric{
		"network.packet.dropped", "{packet}", counter, "Number of packets dropped by network interfaces of {}.",
	}
	networkFIFOErrors = metric{
		"network.fifo_errors", "{error}", counter, "Number of buffer overruns of network interfaces of {}.",
	}
	networkCompressed = metric{
		"network.packet.compressed", "{packet}", counter,
		"Number of compressed packets received and transmitted by network interfaces of {}.",
	}
	networkFrameErrors = metric{
		"network.frame_errors", "{error}", counter, "Number of framing errors of network interfaces of {}.",
	}
	networkMulticast = metric{
		"network.packet.multicast", "{packet}", counter, "Number of multicast packets received by network interfaces of {}.",
	}
	networkCollisions = metric{
		"network.collisions", "{collision}", counter, "Number of collisions detected by network interfaces of {}.",
	}
	networkCarrierErrors = metric{
		"network.carrier_errors", "{error}", counter, "Number of carrier losses of network interfaces of {}.",
	}
)
