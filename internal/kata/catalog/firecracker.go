package catalog

import "strings"

// firecrackerFamilies hold the metrics of Firecracker. It writes them to a FIFO
// every 60 seconds and then resets its counters, so most values are the increase
// within one minute, repeated until the next write. They cannot be converted to
// cumulative sums and are gauges.
var firecrackerFamilies = []family{
	firecrackerFamily("api_server", "Metrics related to the internal API server.",
		`process_startup_time_cpu_us process_startup_time_us sync_response_fails
			sync_vmm_send_timeout_count`),
	firecrackerFamily("block", "Block Device associated metrics.",
		`activate_fails cfg_fails event_fails execute_fails flush_count invalid_reqs_count
			no_avail_buffer queue_event_count rate_limiter_event_count rate_limiter_throttled_events
			read_bytes read_count update_count update_fails write_bytes write_count`),
	firecrackerFamily("get_api_requests", "Metrics specific to GET API Requests for counting user triggered actions and/or failures.",
		"instance_info_count instance_info_fails machine_cfg_count machine_cfg_fails"),
	firecrackerFamily("i8042", "Metrics specific to the i8042 device.",
		"error_count missed_read_count missed_write_count read_count reset_count write_count"),
	firecrackerFamily("latencies_us", "Performance metrics related for the moment only to snapshots.",
		`diff_create_snapshot full_create_snapshot load_snapshot pause_vm resume_vm
			vmm_diff_create_snapshot vmm_full_create_snapshot vmm_load_snapshot vmm_pause_vm vmm_resume_vm`),
	firecrackerFamily("logger", "Metrics for the logging subsystem.",
		"log_fails metrics_fails missed_log_count missed_metrics_count"),
	firecrackerFamily("mmds", "Metrics for the MMDS functionality.",
		`connections_created connections_destroyed rx_accepted rx_accepted_err rx_accepted_unusual
			rx_bad_eth rx_count tx_bytes tx_count tx_errors tx_frames`),
	firecrackerFamily("net", "Network-related metrics.",
		`activate_fails cfg_fails event_fails mac_address_updates no_rx_avail_buffer no_tx_avail_buffer
			rx_bytes_count rx_count rx_event_rate_limiter_count rx_fails rx_packets_count rx_partial_writes
			rx_queue_event_count rx_rate_limiter_throttled rx_tap_event_count tap_read_fails tap_write_fails
			tx_bytes_count tx_count tx_fails tx_malformed_frames tx_packets_count tx_partial_reads
			tx_queue_event_count tx_rate_limiter_event_count tx_rate_limiter_throttled tx_spoofed_mac_count`),
	firecrackerFamily("patch_api_requests", "Metrics specific to PATCH API Requests for counting user triggered actions and/or failures.",
		"drive_count drive_fails machine_cfg_count machine_cfg_fails network_count network_fails"),
	firecrackerFamily("put_api_requests", "Metrics specific to PUT API Requests for counting user triggered actions and/or failures.",
		`actions_count actions_fails boot_source_count boot_source_fails drive_count drive_fails
			logger_count logger_fails machine_cfg_count machine_cfg_fails metrics_count metrics_fails
			network_count network_fails`),
	firecrackerFamily("rtc", "Metrics specific to the RTC device.",
		"error_count missed_read_count missed_write_count"),
	firecrackerFamily("seccomp", "Metrics for the seccomp filtering.",
		"num_faults"),
	firecrackerFamily("signals", "Metrics related to signals.",
		"sigbus sigsegv"),
	firecrackerFamily("uart", "Metrics specific to the UART device.",
		"error_count flush_count missed_read_count missed_write_count read_count write_count"),
	firecrackerFamily("vcpu", "Metrics specific to VCPUs' mode of functioning.",
		"exit_io_in exit_io_out exit_mmio_read exit_mmio_write failures filter_cpuid"),
	firecrackerFamily("vmm", "Metrics specific to the machine manager as a whole.",
		"device_events panic_count"),
	firecrackerFamily("vsock", "Vsock-related metrics.",
		`activate_fails cfg_fails conn_event_fails conns_added conns_killed conns_removed
			ev_queue_event_fails killq_resync muxer_event_fails rx_bytes_count rx_packets_count
			rx_queue_event_count rx_queue_event_fails rx_read_fails tx_bytes_count tx_flush_fails
			tx_packets_count tx_queue_event_count tx_queue_event_fails tx_write_fails`),
}

func firecrackerFamily(group, help, names string) family {
	return family{
		name: "kata_firecracker_" + group, kind: gauge, sources: goText, component: firecracker,
		items: firecrackerItems(group, names), help: help,
	}
}

// firecrackerItems returns an item for each name. The unit follows from the
// name: _us is converted to seconds, _bytes means bytes, and anything else is a
// count.
func firecrackerItems(group, names string) []item {
	prefix := strings.TrimSuffix(group, "_us") + "."
	var items []item
	for name := range strings.FieldsSeq(names) {
		description := "Value of the metric " + group + "." + name + " of Firecracker."
		row := item{name: name, metric: metric{prefix + name, "{event}", gauge, description}}
		switch {
		case prefix != group+".":
			row.metric.unit, row.scale = "s", micro
		case strings.HasSuffix(name, "_us"):
			row.metric.name, row.metric.unit, row.scale = prefix+strings.TrimSuffix(name, "_us"), "s", micro
		case strings.Contains(name, "_bytes"):
			row.metric.unit = "By"
		}
		items = append(items, row)
	}
	return items
}
