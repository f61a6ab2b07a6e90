package fleet

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// Churned returns the number of sandboxes that churn has replaced.
func (f *Fleet) Churned() int64 { return f.churned.Load() }

// churn replaces honest sandboxes until the fleet closes.
func (f *Fleet) churn() {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / f.options.Churn))
	defer ticker.Stop()
	for keepID := false; ; keepID = !keepID {
		select {
		case <-f.stop:
			return
		case <-ticker.C:
		}
		if f.replaceOne(keepID) == nil {
			f.churned.Add(1)
		}
	}
}

// replaceOne deletes an honest sandbox, chosen at random, and creates it again.
// gVisor sandboxes keep their ID on request; Kata pods always get a new one.
func (f *Fleet) replaceOne(keepID bool) error {
	sandboxes := slices.DeleteFunc(f.GVisor(), func(s *gvisor.Sandbox) bool { return s.Options().Steady || s.Mode() != "" })
	pods := slices.DeleteFunc(f.Kata(), func(p *kata.Pod) bool { return p.Options().Steady || p.Mode() != "" })
	if len(sandboxes)+len(pods) == 0 {
		return errors.New("no sandbox can be replaced")
	}
	chosen := rand.IntN(len(sandboxes) + len(pods))
	if chosen >= len(sandboxes) {
		return f.replaceKata(pods[chosen-len(sandboxes)])
	}
	if keepID {
		return sandboxes[chosen].Restart()
	}
	return f.replaceGVisor(sandboxes[chosen])
}

func (f *Fleet) replaceGVisor(old *gvisor.Sandbox) error {
	options := old.Options()
	options.ID = ""
	if err := f.RemoveGVisor(old); err != nil {
		return err
	}
	_, err := f.AddGVisor(options)
	return err
}

func (f *Fleet) replaceKata(old *kata.Pod) error {
	options := old.Options()
	options.ID = ""
	if err := f.RemoveKata(old); err != nil {
		return err
	}
	_, err := f.AddKata(options)
	return err
}
