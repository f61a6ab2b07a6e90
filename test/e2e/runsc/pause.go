//go:build linux

package runsc

// Pause pauses all processes in the sandbox, so that its values do not change. The
// sandbox still responds to requests.
func (s *Sandbox) Pause() { s.runtime.t.Helper(); s.runtime.run("pause", s.ID) }

// Resume resumes the processes after Pause.
func (s *Sandbox) Resume() { s.runtime.t.Helper(); s.runtime.run("resume", s.ID) }

// Checkpoint saves the state of the sandbox in a directory, and deletes the sandbox.
func (s *Sandbox) Checkpoint(directory string) {
	s.runtime.t.Helper()
	s.runtime.run("checkpoint", "--image-path", directory, s.ID)
	s.Delete()
}
