//go:build linux

package runsc

import "path/filepath"

// Checkpoint writes an image of a sandbox, which ends, and returns its directory.
func (s *Sandbox) Checkpoint() (image string) {
	s.runtime.t.Helper()
	image = filepath.Join(s.runtime.bundles, s.ID+".image")
	s.runtime.run("checkpoint", "--image-path="+image, s.ID)
	return image
}

// Create creates a container without starting it.
func (r *Runtime) Create(c Container) *Sandbox {
	r.t.Helper()
	r.run(append(c.flags(), "create", "--bundle", r.bundle(c), c.ID)...)
	return r.Sandbox(c.ID)
}

// Restore restores an image in a sandbox that was created as this container.
func (r *Runtime) Restore(c Container, image string) {
	r.t.Helper()
	r.run(append(c.flags(), "restore", "--detach", "--image-path="+image, "--bundle", r.bundle(c), c.ID)...)
}
