package control

import "sync/atomic"

// Keeper bounds how many connections are kept open between calls, over all
// clients. Above the bound, each call makes a connection of its own.
type Keeper struct {
	limit int64
	kept  atomic.Int64
}

// NewKeeper makes a keeper of at most limit connections.
func NewKeeper(limit int) *Keeper { return &Keeper{limit: int64(limit)} }

func (k *Keeper) admit() bool {
	if k.kept.Add(1) > k.limit {
		k.kept.Add(-1)
		return false
	}
	return true
}

func (k *Keeper) release() { k.kept.Add(-1) }

// Kept is how many connections are kept open now.
func (k *Keeper) Kept() int { return int(k.kept.Load()) }
