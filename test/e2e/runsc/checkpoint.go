//go:build linux

package runsc

// Create creates a container without starting it.
func (r *Runtime) Create(c Container) *Sandbox {
	r.t.Helper()
	r.run(append(c.flags(), "create", "--bundle", r.bundle(c), c.ID)...)
	return r.Sandbox(c.ID)
}

// Restore restores a checkpoint in a sandbox that was created as this container.
func (r *Runtime) Restore(c Container) {
	r.t.Helper()
	r.run(append(c.flags(), "restore", "--detach", "--image-path", c.Checkpoint, "--bundle", r.bundle(c), c.ID)...)
}
