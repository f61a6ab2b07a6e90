package simulate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// gvisorMetric is one metric that a simulated runsc registers.
type gvisorMetric struct {
	// name is a path, for example /netstack/tcp/resets_sent.
	name        string
	help        string
	gauge       bool
	nanoseconds bool
	// rate is how fast a counter usually grows, per second, and the usual
	// level of a gauge.
	rate   uint64
	fields []gvisorField
}

type gvisorField struct {
	name   string
	values []string
}

// prometheusName is the name in snapshots: /fs/opens becomes fs_opens.
func (m *gvisorMetric) prometheusName() string {
	return strings.ReplaceAll(strings.TrimPrefix(m.name, "/"), "/", "_")
}

// plainMetrics lists the metrics without labels: path, growth per second (with
// a "~": the level of a gauge; with "ns": nanoseconds) and help. A sandbox that
// sends N points sends the first ones of the list, so the busy ones come first.
const plainMetrics = `
netstack/tcp/current_established ~40 | TCP connections in the state ESTABLISHED at the moment.
netstack/tcp/current_open ~60 | TCP connections that exist at the moment, in any connected state.
fs/opens 120 | Files opened by the workload.
fs/reads 900 | Reads from files by the workload.
fs/read_wait 700000 ns | Nanoseconds the workload has waited for reads from files.
gofer/opens_host 40 | Files opened from a gofer that came with a descriptor of the host.
gofer/opens_9p 3 | Files opened from a gofer that came without a descriptor of the host.
gofer/opens_by_connecting 1 | Sockets of a gofer opened with open, which connects to them instead.
gofer/reads_host 600 | Reads from files of a gofer, done on the host.
gofer/reads_9p 5 | Reads from files of a gofer, done over the 9P protocol.
gofer/read_wait_host 350000 ns | Nanoseconds spent waiting for reads on the host from files of a gofer.
gofer/read_wait_9p 90000 ns | Nanoseconds spent waiting for 9P reads from files of a gofer.
in_memory_file/opens_ro 9 | Files in memory opened for reading only.
in_memory_file/opens_w 7 | Files in memory opened for writing.
in_memory_file/reads 80 | Reads from files in memory.
in_memory_file/read_wait 12000 ns | Nanoseconds spent waiting for reads from files in memory.
netstack/nic/rx/bytes 190000 | Bytes that network interfaces have received.
netstack/nic/rx/packets 800 | Packets that network interfaces have received.
netstack/nic/tx/bytes 210000 | Bytes that network interfaces have sent.
netstack/nic/tx/packets 850 | Packets that network interfaces have sent.
netstack/ip/packets_received 800 | IP packets that the link layer has handed to the network layer.
netstack/ip/packets_delivered 790 | IP packets that the network layer has handed to the transport layer.
netstack/ip/packets_sent 850 | IP packets written to the link layer.
netstack/tcp/active_connection_openings 6 | TCP connections opened from inside with connect.
netstack/tcp/passive_connection_openings 4 | TCP connections accepted by a listening socket.
netstack/tcp/established_closed 9 | TCP connections that went from ESTABLISHED to CLOSED in good order.
netstack/tcp/established_resets 2 | TCP connections that went from ESTABLISHED or CLOSE-WAIT to CLOSED because of a reset.
netstack/tcp/established_timedout 1 | TCP connections given up because their peer answered no keep-alive probe.
netstack/tcp/segments_sent 700 | TCP segments sent.
netstack/tcp/valid_segments_received 680 | TCP segments received that could be parsed.
netstack/tcp/resets_sent 2 | TCP segments sent with the reset flag.
netstack/tcp/resets_received 2 | TCP segments received with the reset flag.
netstack/tcp/retransmits 3 | TCP segments sent again, for whatever reason.
netstack/tcp/slow_start_retransmits 1 | TCP segments sent again while the connection was in slow start.
netstack/tcp/fast_retransmit 1 | TCP segments sent again after three duplicate acknowledgements.
netstack/tcp/fast_recovery 1 | Times a TCP connection has recovered from loss by fast recovery.
netstack/tcp/sack_recovery 1 | Times a TCP connection has recovered from loss by selective acknowledgement.
netstack/tcp/tlp_recovery 1 | Times a tail loss probe has started a recovery of a TCP connection.
netstack/tcp/timeouts 1 | Times the retransmission timer of a TCP connection has run out.
netstack/tcp/failed_connection_attempts 1 | Calls of connect or listen that have ended in an error, active and passive alike.
netstack/tcp/segments_acked_with_dsack 1 | TCP segments that were acknowledged as received twice.
netstack/udp/packets_received 30 | UDP datagrams received.
netstack/udp/packets_sent 28 | UDP datagrams sent.
netstack/udp/unknown_port_errors 1 | UDP datagrams dropped because no socket was bound to their port.
netstack/dropped_packets 1 | Packets dropped by the transport layer.
netstack/arp/packets_received 2 | ARP packets received from the link layer.
netstack/arp/requests_received 1 | ARP requests received.
netstack/arp/replies_received 1 | ARP replies received.
netstack/arp/outgoing_requests_sent 1 | ARP requests sent.
netstack/arp/outgoing_replies_sent 1 | ARP replies sent.
netstack/icmp/v4/packets_received/echo_request 2 | ICMPv4 packets received: echo request.
netstack/icmp/v4/packets_received/echo_reply 2 | ICMPv4 packets received: echo reply.
netstack/icmp/v4/packets_sent/echo_request 2 | ICMPv4 packets sent: echo request.
netstack/icmp/v4/packets_sent/echo_reply 2 | ICMPv4 packets sent: echo reply.
netstack/icmp/v6/packets_sent/router_solicit 1 | ICMPv6 packets sent: router solicitation.
netstack/icmp/v6/packets_sent/neighbor_solicit 1 | ICMPv6 packets sent: neighbor solicitation.
netstack/icmp/v6/packets_sent/multicast_listener_report 1 | ICMPv6 packets sent: multicast listener report.
trace/sessions_created 1 | Trace sessions created since the sandbox started.
netstack/arp/disabled_packets_received 1 | ARP packets received while ARP was switched off.
netstack/arp/malformed_packets_received 1 | ARP packets received with a header that is not valid.
netstack/arp/outgoing_replies_dropped 1 | ARP replies that could not be written to the link layer.
netstack/arp/outgoing_requests_dropped 1 | ARP requests that could not be written to the link layer.
netstack/arp/outgoing_requests_iface_has_no_addr 1 | ARP requests not sent because the interface had no network address.
netstack/arp/outgoing_requests_invalid_local_addr 1 | ARP requests not sent because the local address given was not valid.
netstack/arp/requests_received_unknown_addr 1 | ARP requests received that asked for an address nobody here has.
netstack/igmp/packets_received/checksum_errors 1 | IGMP packets received with a checksum that does not match.
netstack/igmp/packets_received/invalid 1 | IGMP packets received that could not be parsed.
netstack/igmp/packets_received/leave_group 1 | IGMP packets received: leave group.
netstack/igmp/packets_received/membership_query 1 | IGMP packets received: membership query.
netstack/igmp/packets_received/unrecognized 1 | IGMP packets received of a type that is not known.
netstack/igmp/packets_received/v1_membership_report 1 | IGMP packets received: membership report, version 1.
netstack/igmp/packets_received/v2_membership_report 1 | IGMP packets received: membership report, version 2.
netstack/igmp/packets_sent/dropped 1 | IGMP packets that could not be written to the link layer.
netstack/igmp/packets_sent/leave_group 1 | IGMP packets sent: leave group.
netstack/igmp/packets_sent/membership_query 1 | IGMP packets sent: membership query.
netstack/igmp/packets_sent/v1_membership_report 1 | IGMP packets sent: membership report, version 1.
netstack/igmp/packets_sent/v2_membership_report 1 | IGMP packets sent: membership report, version 2.
netstack/ip/disabled_packets_received 1 | IP packets received while IP was switched off on the interface.
netstack/ip/forwarding/errors 1 | IP packets that should have been forwarded and were not, for whatever reason.
netstack/ip/forwarding/exhausted_ttl 1 | IP packets not forwarded because their time to live had run out.
netstack/ip/forwarding/extension_header_problem 1 | IP packets not forwarded because of a problem with their IPv6 extension headers.
netstack/ip/forwarding/host_unreachable 1 | IP packets not forwarded because the next hop could not be resolved.
netstack/ip/forwarding/link_local_destination_address 1 | IP packets not forwarded because their destination is a link-local address.
netstack/ip/forwarding/link_local_source_address 1 | IP packets not forwarded because their source is a link-local address.
netstack/ip/forwarding/packet_too_big 1 | IP packets not forwarded because they are larger than the next link takes.
netstack/ip/forwarding/unrouteable 1 | IP packets not forwarded because there is no route for them.
netstack/ip/invalid_addresses_received 1 | IP packets received with a destination that is unknown or not valid.
netstack/ip/invalid_source_addresses_received 1 | IP packets received with a source that is unknown or not valid.
netstack/ip/iptables/input_dropped 1 | IP packets dropped by the chain Input.
netstack/ip/iptables/output_dropped 1 | IP packets dropped by the chain Output.
netstack/ip/iptables/prerouting_dropped 1 | IP packets dropped by the chain Prerouting.
netstack/ip/malformed_fragments_received 1 | IP fragments received that are not valid.
netstack/ip/malformed_packets_received 1 | IP packets received with a header that is not valid.
netstack/ip/options/record_route_received 1 | IP options received: record route.
netstack/ip/options/router_alert_received 1 | IP options received: router alert.
netstack/ip/options/timestamp_received 1 | IP options received: timestamp.
netstack/ip/options/unknown_received 1 | IP options received of a kind that is not known.
netstack/ip/outgoing_packet_errors 1 | IP packets that could not be written to the link layer.
netstack/nic/disabled_rx/bytes 1 | Bytes received by interfaces that were switched off.
netstack/nic/disabled_rx/packets 1 | Packets received by interfaces that were switched off.
netstack/nic/malformed_l4_received_packets 1 | Packets received with a transport header that could not be parsed.
netstack/nic/neighbor/dropped_confirmation_for_noninitiated_neighbor 1 | Advertisements received for a neighbor that nobody had asked about.
netstack/nic/neighbor/dropped_invalid_link_address_confirmations 1 | Advertisements dropped because they carry no link-layer address.
netstack/nic/neighbor/unreachable_entry_loopups 1 | Look-ups of a neighbor that is known to be unreachable.
netstack/nic/tx_packets_dropped_no_buffer_space 1 | Packets not sent because there was no room in a buffer.
netstack/tcp/checksum_errors 1 | TCP segments dropped because their checksum does not match.
netstack/tcp/failed_port_reservations 1 | Times no TCP port could be reserved.
netstack/tcp/forward_max_in_flight_drop 1 | TCP connection requests dropped because too many were under way.
netstack/tcp/invalid_segments_received 1 | TCP segments received that could not be parsed.
netstack/tcp/listen_overflow_ack_drop 1 | Final acknowledgements of a TCP handshake dropped because the listen queue was full.
netstack/tcp/listen_overflow_invalid_syn_cookie_rcvd 1 | SYN cookies received that are not valid.
netstack/tcp/listen_overflow_syn_cookie_rcvd 1 | SYN cookies received while the listen queue was full.
netstack/tcp/listen_overflow_syn_cookie_sent 1 | SYN cookies sent while the listen queue was full.
netstack/tcp/listen_overflow_syn_drop 1 | Connection requests dropped because the listen queue was full.
netstack/tcp/segment_send_errors 1 | TCP segments that could not be sent.
netstack/tcp/spurious_recovery 1 | Times a TCP connection has begun to recover from a loss that was none.
netstack/tcp/spurious_rto_recovery 1 | Times a TCP connection has run into its retransmission timer needlessly.
netstack/udp/checksum_errors 1 | UDP datagrams dropped because their checksum does not match.
netstack/udp/malformed_packets_received 1 | UDP datagrams dropped because their header is not valid.
netstack/udp/packet_send_errors 1 | UDP datagrams that could not be sent.
netstack/udp/receive_buffer_errors 1 | UDP datagrams dropped because of the state of the socket's receive buffer.
`

// icmpMetrics lists the rest of the ICMP metrics: version, direction and types.
var icmpMetrics = []struct{ version, direction, types string }{
	{"v4", "received", "dst_unreachable info_reply info_request invalid param_problem redirect src_quench time_exceeded timestamp timestamp_reply"},
	{"v4", "sent", "dropped dst_unreachable info_reply info_request param_problem rate_limited redirect src_quench time_exceeded timestamp timestamp_reply"},
	{"v6", "received", "dst_unreachable echo_reply echo_request invalid multicast_listener_done multicast_listener_query multicast_listener_report neighbor_advert neighbor_solicit packet_too_big param_problem redirect_msg router_advert router_only_packets_dropped_by_host router_solicit time_exceeded unrecognized"},
	{"v6", "sent", "dropped dst_unreachable echo_reply echo_request multicast_listener_done multicast_listener_query neighbor_advert packet_too_big param_problem rate_limited redirect_msg router_advert time_exceeded"},
}

// labeledMetrics are those with fields. One of them has 606 combinations of
// labels, one some two thousand values.
func labeledMetrics() []gvisorMetric {
	levels := []string{"SOCKET", "TCP", "ICMPV6", "IP", "IPV6", "PACKET"}
	return []gvisorMetric{
		{name: "/sentry_entry_point", help: "How the process of the sentry was made.", fields: []gvisorField{
			{"entry_point_type", []string{"runsc", "sandbox_exec"}},
		}},
		{name: "/suspicious_operations", help: "Operations that look like an attack, for example opening an executable file of a gofer for writing.", fields: []gvisorField{
			{"operation_type", []string{"opened_write_execute_file"}},
		}},
		{name: "/weirdness", help: "Things that should not happen, such as a fallback of the clock, partial results, vsyscalls or tasks that are stuck.", fields: []gvisorField{
			{"weirdness_type", []string{"time_fallback", "partial_result", "vsyscall_count", "watchdog_stuck_startup", "watchdog_stuck_tasks"}},
		}},
		{name: "/netstack/socket/unknown_set_socket_option", help: "Calls of setsockopt with an option that does not exist.", rate: 1, fields: []gvisorField{
			{"level", levels},
		}},
		{name: "/unimplemented_syscalls", help: "System calls of the workload that are not implemented, by the number of the call.", rate: 2, fields: []gvisorField{
			{"sysno", numbers(2002)},
		}},
		{name: "/netstack/socket/unimplemented_set_socket_option", help: "Calls of setsockopt with an option that is not implemented.", rate: 1, fields: []gvisorField{
			{"level", levels}, {"name", numbers(101)},
		}},
	}
}

func numbers(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	return texts
}

// gvisorBuild is what all sandboxes of the one simulated build of runsc share.
type gvisorBuild struct {
	metrics      []gvisorMetric
	registration []byte
	// points are all the points that a sandbox could send, in the order in
	// which a sandbox with N points picks them.
	points []gvisorPoint
}

var theGVisorBuild = sync.OnceValue(func() *gvisorBuild {
	var plain []gvisorMetric
	for line := range strings.Lines(strings.TrimSpace(plainMetrics)) {
		plain = append(plain, parsePlainMetric(line))
	}
	for _, group := range icmpMetrics {
		for kind := range strings.FieldsSeq(group.types) {
			plain = append(plain, gvisorMetric{
				name: "/netstack/icmp/" + group.version + "/packets_" + group.direction + "/" + kind,
				help: "ICMP" + group.version + " packets " + group.direction + ": " + strings.ReplaceAll(kind, "_", " ") + ".",
				rate: 1,
			})
		}
	}
	build := &gvisorBuild{metrics: append(plain, labeledMetrics()...)}
	build.registration = renderRegistration(build.metrics)
	build.points = gvisorPoints(build.metrics)
	return build
})

// parsePlainMetric takes a line of [plainMetrics] apart.
func parsePlainMetric(line string) gvisorMetric {
	head, help, found := strings.Cut(strings.TrimSpace(line), " | ")
	words := strings.Fields(head)
	if !found || len(words) < 2 {
		panic(fmt.Sprintf("simulate: metric line %q", line))
	}
	level, gauge := strings.CutPrefix(words[1], "~")
	rate, err := strconv.ParseUint(level, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("simulate: metric line %q: %v", line, err))
	}
	return gvisorMetric{name: "/" + words[0], help: help, gauge: gauge, rate: rate, nanoseconds: slices.Contains(words[2:], "ns")}
}
