package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCompletion(t *testing.T) {
	h := newMixedHost(t)
	for name, test := range map[string]struct {
		args []string
	}{
		"export":       {[]string{"export"}},
		"agent-url":    {[]string{"agent-url"}},
		"one_argument": {[]string{"export", "web"}},
		"output":       {[]string{"list", "-o"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"__complete"}, test.args[0])
			if name != "output" {
				args = append(args, h.flags...)
			}
			args = append(append(args, test.args[1:]...), "")
			assertGolden(t, "completion/"+name, execute(t, args...).String())
		})
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		assert.Contains(t, execute(t, "completion", shell).stdout, "sandboxctl", shell)
	}
	for _, pod := range h.Kata() {
		assert.Zero(t, pod.Load().Calls)
	}
}
