package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAgentURL(t *testing.T) {
	for name, args := range map[string][]string{
		"text": {kataID}, "json": {kataID, "-o", "json"}, "yaml": {rustID, "-o", "yaml"},
		"gvisor": {"web"}, "not_contacted": {qemuID}, "no_such_sandbox": {"nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newMixedHost(t) // a process sends a shim one request per 10 s
			assertGolden(t, "agent-url/"+name, h.execute(t, append([]string{"agent-url"}, args...)...).String())
			for _, pod := range h.Kata() {
				assert.Zero(t, pod.Load().Forbidden, pod.ID())
				assert.Equal(t, pod.ID() == args[0] && pod.ID() != qemuID, pod.Load().Calls > 0, pod.ID())
			}
		})
	}
}

func TestAgentURLIsPaced(t *testing.T) {
	h := newMixedHost(t)
	assert.Equal(t, exitOK, h.execute(t, "agent-url", kataID).status)
	r := h.execute(t, "agent-url", kataID)
	assert.Equal(t, exitNothing, r.status)
	assert.Contains(t, r.stderr, "is not contacted: another receiver of this process has sent a request within the last 10 s")
}
