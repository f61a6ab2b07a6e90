package gvisor

// Hang makes the sandbox accept connections and requests and not respond to any
// until Resume is called. Then it responds to all of them, as a real one does.
func (s *Sandbox) Hang() {
	hung := make(chan struct{})
	s.hung.CompareAndSwap(nil, &hung)
}

// Resume ends Hang.
func (s *Sandbox) Resume() {
	if hung := s.hung.Swap(nil); hung != nil {
		close(*hung)
	}
}

// awaitResume waits while the sandbox hangs. It returns false if the instance ends
// meanwhile.
func (i *instance) awaitResume() bool {
	hung := i.sandbox.hung.Load()
	return hung == nil || i.server.Await(*hung)
}
