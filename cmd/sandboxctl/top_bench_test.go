package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/top"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

// BenchmarkTop measures one refresh of the table over the sandboxes of BenchmarkList.
func BenchmarkTop(b *testing.B) {
	directory, err := os.MkdirTemp("", "b") //nolint:usetesting // the path of b.TempDir is too long for a socket address
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	f, err := fleet.New(directory, fleet.Options{GVisor: 500, Kata: 300, KataRust: 200, CgroupRoot: filepath.Join(directory, "cgroup")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	config := defaultConfig()
	config.GVisor.Roots, config.Kata.StoragePaths = []string{f.RuntimeRoot()}, f.StoragePaths()
	config.Usage.CgroupRoot = f.CgroupRoot()
	live, err := inventory.NewLive(config, zap.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	source := &liveSource{live: live}
	defer source.close()
	model := top.NewModel(b.Context(), &top.Settings{Source: source, Interval: time.Second, Sort: top.ByCPU, Now: time.Now})
	model.Update(tea.WindowSizeMsg{Width: 140, Height: 40})
	measure := model.Init()
	for b.Loop() {
		model.Update(measure())
		if content := model.View().Content; !strings.Contains(content, "1000 of 1000 sandboxes") {
			b.Fatal(content)
		}
	}
}
