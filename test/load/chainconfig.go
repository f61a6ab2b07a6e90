package main

import (
	"encoding/json"
	"slices"
	"time"
)

// chain is a configuration of a Collector: the receiver and one exporter.
type chain struct {
	name     string
	exporter string
	// scraped chains serve a page, which is scraped once per cycle. Others send to a
	// server that discards everything.
	scraped bool
	// defaults leaves all options of the receiver at their defaults. Otherwise it
	// reports only what the sandboxes send.
	defaults bool
}

// Names of chains, which are those of their exporters unless stated otherwise.
const (
	nopChain      = "nop"
	stockChain    = "prometheus"
	pageChain     = "prometheus_scrape"
	defaultsChain = "defaults"
	// upstreamChain is runsc metric-server instead of a Collector.
	upstreamChain = "metric-server"
)

// newChains returns all chains in the order of the table.
func newChains() []*chain {
	return []*chain{
		{name: nopChain, exporter: nopChain},
		{name: "otlp_grpc", exporter: "otlp_grpc"},
		{name: "prometheus_remote_write", exporter: "prometheus_remote_write"},
		{name: stockChain, exporter: stockChain, scraped: true},
		{name: pageChain, exporter: pageChain, scraped: true},
		{name: defaultsChain, exporter: pageChain, scraped: true, defaults: true},
		{name: upstreamChain},
	}
}

func chainNames() []string {
	var names []string
	for _, c := range newChains() {
		names = append(names, c.name)
	}
	return names
}

// choose returns the chain, or the same with the stock exporter if the other exporter
// for Prometheus is missing: that is then what a user of the defaults has.
func (c *chain) choose(built []string) *chain {
	if !c.defaults || slices.Contains(built, c.exporter) {
		return c
	}
	chosen := *c
	chosen.exporter = stockChain
	return &chosen
}

// title names the chain in the table.
func (c *chain) title() string {
	if c.defaults {
		return "all defaults → " + c.exporter
	}
	if c.name == upstreamChain {
		return "runsc metric-server"
	}
	return "→ " + c.exporter
}

// chainConfig is what a configuration depends on.
type chainConfig struct {
	chain       *chain
	runtimeRoot string
	interval    time.Duration
	naming      string
	// sink is the address to which the exporter sends, page the one on which it
	// serves.
	sink, page string
	// telemetryPort is the port of the Collector's own metrics.
	telemetryPort int
}

type object = map[string]any

// encode returns the configuration of the Collector. JSON is valid YAML.
func (c *chainConfig) encode() ([]byte, error) {
	return json.MarshalIndent(object{
		"receivers": object{"sandbox": c.receiver()},
		"exporters": object{c.chain.exporter: c.exporter()},
		"service": object{
			"telemetry": object{
				"logs": object{"level": "warn"},
				"metrics": object{"readers": []object{{"pull": object{"exporter": object{
					"prometheus": object{"host": "127.0.0.1", "port": c.telemetryPort},
				}}}}},
			},
			"pipelines": object{"metrics": object{
				"receivers": []string{"sandbox"}, "exporters": []string{c.chain.exporter},
			}},
		},
	}, "", "  ")
}

func (c *chainConfig) receiver() object {
	gvisor := object{"roots": []string{c.runtimeRoot}}
	receiver := object{
		"collection_interval": c.interval.String(), "naming": c.naming,
		"gvisor": gvisor, "kata": object{"enabled": false},
	}
	if !c.chain.defaults {
		gvisor["zero_fill"] = "none"
		receiver["usage"] = object{"enabled": false}
	}
	if c.interval < defaultInterval {
		receiver["timeout"] = (c.interval / 2).String()
	}
	return receiver
}

// defaultInterval is the shortest interval for which the default timeout of the
// receiver is not changed.
const defaultInterval = 10 * time.Second

// exporter returns the configuration that the README recommends, with the
// identity of the sandboxes in labels.
func (c *chainConfig) exporter() object {
	labels := object{"enabled": c.naming == "otel"}
	switch {
	case c.chain.scraped:
		return object{
			"endpoint": c.page, "without_scope_info": true, "metric_expiration": max(time.Minute, 6*c.interval).String(),
			"resource_to_telemetry_conversion": labels,
			// By default, the server aborts a response after 30 s.
			"write_timeout": scrapeTimeout.String(),
		}
	case c.chain.exporter == "otlp_grpc":
		return object{"endpoint": c.sink, "tls": object{"insecure": true}}
	case c.chain.exporter == "prometheus_remote_write":
		return object{
			"endpoint": "http://" + c.sink + "/api/v1/write", "disable_scope_info": true, "resource_to_telemetry_conversion": labels,
		}
	default:
		return object{}
	}
}
