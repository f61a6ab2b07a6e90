package pdataconv

import "strings"

// imageName returns the name of an image without tag and digest:
//
//	registry.example.com:5000/shop/web:2@sha256:4d63…  registry.example.com:5000/shop/web
//
// It returns an empty string for an image that has only a digest or an ID.
func imageName(image string) string {
	name, _, _ := strings.Cut(image, "@")
	// The host can be followed by a port, a tag is in the last element.
	last := strings.LastIndexByte(name, '/') + 1
	if tag := strings.IndexByte(name[last:], ':'); tag >= 0 {
		name = name[:last+tag]
	}
	if name == "sha256" {
		return ""
	}
	return name
}
