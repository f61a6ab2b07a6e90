package discovery

// Observer receives the results of discovery. One goroutine makes all calls.
type Observer interface {
	// Added reports a new instance of a sandbox.
	Added(s *Sandbox)
	// Changed reports new data about an instance that was added before.
	Changed(s *Sandbox)
	// Gone reports that an instance no longer exists. s is what was last reported
	// about it, or in addition states how its process has ended.
	Gone(s *Sandbox)
	// Skipped reports why a path is skipped. It is called once whenever the reason
	// changes. An empty reason means that the path is no longer skipped: it has
	// become a state file of a sandbox or no longer exists. A reason that concerns
	// a whole root is reported for the path of the root. Paths can contain invalid
	// UTF-8.
	Skipped(path string, reason Reason)
	// SkippedEntries reports how many entries of a path are skipped for a reason
	// without a call of Skipped for each. It is called whenever the number changes.
	SkippedEntries(path string, reason Reason, count int)
	// DiscoveryError reports why sandboxes may be missing. nil means that no such
	// error exists any longer.
	DiscoveryError(err error)
	// Checked is called after each round of checks, at least every few seconds.
	Checked()
	// Scanned is called once, when the first scan of all roots is complete and all
	// its results have been reported.
	Scanned()
}
