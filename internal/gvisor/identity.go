package gvisor

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// unknownVersion is the version of a build without one.
const unknownVersion = "VERSION_MISSING"

func identityOf(record *discovery.Sandbox, info *info) sandbox.Identity {
	id := sandbox.Identity{
		Runtime:        sandbox.RuntimeGVisor,
		RuntimeVersion: record.Metadata.Value("version"),
		Root:           record.Root,
		ID:             record.ID,
		Iteration:      iteration(record.ID, record.Created),
		Created:        record.Created,
		Pod:            record.Pod,
		PodConflict:    record.PodConflict,
		Annotations:    record.Annotations,
		Attributes:     info.attributes,
		Trust:          sandbox.FirstUse,
	}
	if id.RuntimeVersion == unknownVersion {
		id.RuntimeVersion = ""
	}
	if !record.InPod && len(record.Containers) == 1 {
		only := &record.Containers[0]
		id.Container = sandbox.Container{ID: only.ID, Name: only.Name, NameInRuntime: only.NameInRuntime, Image: only.Image}
	}
	if record.Registration != nil || record.RegistrationError != nil {
		id.Trust = sandbox.Registered
	}
	id.UpstreamLabels = upstreamLabels(
		sandbox.Attribute{Key: "sandbox", Value: id.ID},
		sandbox.Attribute{Key: "iteration", Value: id.Iteration},
		sandbox.Attribute{Key: "pod_name", Value: record.UpstreamPodName},
		sandbox.Attribute{Key: "namespace_name", Value: record.UpstreamPodNamespace},
	)
	return id
}

// upstreamLabels omits empty labels.
func upstreamLabels(labels ...sandbox.Attribute) []sandbox.Attribute {
	labels = slices.DeleteFunc(labels, func(label sandbox.Attribute) bool { return label.Value == "" })
	return slices.Clone(labels)
}

// iteration identifies an instance the way gVisor's exporter does: in base 36, the
// first 64 bits of the SHA-256 of "web:2026-11-20 09:43:49.901690938 +0000 UTC".
func iteration(id string, created time.Time) string {
	// The layout is that of Time.String.
	sum := sha256.Sum256([]byte(id + ":" + created.UTC().Format("2006-01-02 15:04:05.999999999 -0700 MST")))
	return strconv.FormatUint(binary.BigEndian.Uint64(sum[:8]), 36)
}
