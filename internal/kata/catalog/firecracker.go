package catalog

import "strings"

// Firecracker writes its metrics to a FIFO every 60 seconds and starts its
// counters anew each time, so these values are mostly the changes within one
// minute, repeated until the next one, and cannot become sums.
var firecrackerFamilies = []family{
	{
		"kata_firecracker_api_server", gauge, goText, firecracker, nil, "", firecrackerItems("api_server", "process_startup_time_cpu_us process_startup_time_us sync_response_fails sync_vmm_send_timeout_count"),
		"Metrics related to the internal API server.",
	},
	{
		"kata_firecracker_block", gauge, goText, firecracker, nil, "", firecrackerItems("block", `activate_fails cfg_fails event_fails execute_fails flush_count invalid_reqs_count no_avail_buffer
			queue_event_count rate_limiter_event_count rate_limiter_throttled_events read_bytes read_count update_count
			update_fails write_bytes write_count`),
		"Block Device associated metrics.",
	},
	{
		"kata_firecracker_get_api_requests", gauge, goText, firecracker, nil, "", firecrackerItems("get_api_requests", "instance_info_count instance_info_fails machine_cfg_count machine_cfg_fails"),
		"Metrics specific to GET API Requests for counting user triggered actions and/or failures.",
	},
	{
		"kata_firecracker_i8042", gauge, goText, firecracker, nil, "", firecrackerItems("i8042", "error_count missed_read_count missed_write_count read_count reset_count write_count"),
		"Metrics specific to the i8042 device.",
	},
	{
		"kata_firecracker_latencies_us", gauge, goText, firecracker, nil, "", firecrackerItems("latencies_us", `diff_create_snapshot full_create_snapshot load_snapshot pause_vm resume_vm vmm_diff_create_snapshot
			vmm_full_create_snapshot vmm_load_snapshot vmm_pause_vm vmm_resume_vm`),
		"Performance metrics related for the moment only to snapshots.",
	},
	{
		"kata_firecracker_logger", gauge, goText, firecracker, nil, "", firecrackerItems("logger", "log_fails metrics_fails missed_log_count missed_metrics_count"),
		"Metrics for the logging subsystem.",
	},
	{
		"kata_firecracker_mmds", gauge, goText, firecracker, nil, "", firecrackerItems("mmds", `connections_created connections_destroyed rx_accepted rx_accepted_err rx_accepted_unusual rx_bad_eth rx_count
			tx_bytes tx_count tx_errors tx_frames`),
		"Metrics for the MMDS functionality.",
	},
	{
		"kata_firecracker_net", gauge, goText, firecracker, nil, "", firecrackerItems("net", `activate_fails cfg_fails event_fails mac_address_updates no_rx_avail_buffer no_tx_avail_buffer rx_bytes_count
			rx_count rx_event_rate_limiter_count rx_fails rx_packets_count rx_partial_writes rx_queue_event_count
			rx_rate_limiter_throttled rx_tap_event_count tap_read_fails tap_write_fails tx_bytes_count tx_count tx_fails
			tx_malformed_frames tx_packets_count tx_partial_reads tx_queue_event_count tx_rate_limiter_event_count
			tx_rate_limiter_throttled tx_spoofed_mac_count`),
		"Network-related metrics.",
	},
	{
		"kata_firecracker_patch_api_requests", gauge, goText, firecracker, nil, "", firecrackerItems("patch_api_requests", "drive_count drive_fails machine_cfg_count machine_cfg_fails network_count network_fails"),
		"Metrics specific to PATCH API Requests for counting user triggered actions and/or failures.",
	},
	{
		"kata_firecracker_put_api_requests", gauge, goText, firecracker, nil, "", firecrackerItems("put_api_requests", `actions_count actions_fails boot_source_count boot_source_fails drive_count drive_fails logger_count
			logger_fails machine_cfg_count machine_cfg_fails metrics_count metrics_fails network_count network_fails`),
		"Metrics specific to PUT API Requests for counting user triggered actions and/or failures.",
	},
	{
		"kata_firecracker_rtc", gauge, goText, firecracker, nil, "", firecrackerItems("rtc", "error_count missed_read_count missed_write_count"),
		"Metrics specific to the RTC device.",
	},
	{
		"kata_firecracker_seccomp", gauge, goText, firecracker, nil, "", firecrackerItems("seccomp", "num_faults"),
		"Metrics for the seccomp filtering.",
	},
	{
		"kata_firecracker_signals", gauge, goText, firecracker, nil, "", firecrackerItems("signals", "sigbus sigsegv"),
		"Metrics related to signals.",
	},
	{
		"kata_firecracker_uart", gauge, goText, firecracker, nil, "", firecrackerItems("uart", "error_count flush_count missed_read_count missed_write_count read_count write_count"),
		"Metrics specific to the UART device.",
	},
	{
		"kata_firecracker_vcpu", gauge, goText, firecracker, nil, "", firecrackerItems("vcpu", "exit_io_in exit_io_out exit_mmio_read exit_mmio_write failures filter_cpuid"),
		"Metrics specific to VCPUs' mode of functioning.",
	},
	{
		"kata_firecracker_vmm", gauge, goText, firecracker, nil, "", firecrackerItems("vmm", "device_events panic_count"),
		"Metrics specific to the machine manager as a whole.",
	},
	{
		"kata_firecracker_vsock", gauge, goText, firecracker, nil, "", firecrackerItems("vsock", `activate_fails cfg_fails conn_event_fails conns_added conns_killed conns_removed ev_queue_event_fails
			killq_resync muxer_event_fails rx_bytes_count rx_packets_count rx_queue_event_count rx_queue_event_fails
			rx_read_fails tx_bytes_count tx_flush_fails tx_packets_count tx_queue_event_count tx_queue_event_fails
			tx_write_fails`),
		"Vsock-related metrics.",
	},
}

// firecrackerItems makes a metric of each item: microseconds become seconds,
// names with _bytes are bytes, and everything else is a count.
func firecrackerItems(group, names string) []item {
	prefix := strings.TrimSuffix(group, "_us") + "."
	var items []item
	for name := range strings.FieldsSeq(names) {
		text := "Firecracker's metric " + group + "." + name + "."
		row := item{name, metric{prefix + name, "{event}", gauge, text}, 0, "", full, 0}
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
