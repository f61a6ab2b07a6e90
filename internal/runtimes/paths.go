package runtimes

// Path is where a runtime searches for sandboxes.
type Path struct {
	// Key is the key of the option that contains the path, for example gvisor::roots.
	Key string
	// Pattern is a path, or a pattern of paths.
	Pattern string
	// Selects is the value of the option that restricts which of the sandboxes in the
	// path are collected, empty if there is none.
	Selects string
}

// Paths returns the paths of all enabled runtimes.
func (c *Config) Paths() (paths []Path) {
	if c.GVisor.Enabled {
		for _, root := range c.GVisor.Roots {
			paths = append(paths, Path{"gvisor::roots", root, c.GVisor.MetricServerAddress})
		}
	}
	if c.Kata.Enabled {
		for _, storage := range c.Kata.StoragePaths {
			paths = append(paths, Path{Key: "kata::storage_paths", Pattern: storage})
		}
	}
	return paths
}
