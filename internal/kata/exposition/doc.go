// Package exposition splits a Prometheus text exposition into samples.
package exposition
