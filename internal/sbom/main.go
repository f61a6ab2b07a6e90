// Command sbom prints the software bill of materials of a Go program in the format
// CycloneDX. It lists what the linker recorded in the program, so that it is complete and
// contains nothing else.
//
//	sbom VERSION PROGRAM
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sbom VERSION PROGRAM")
		os.Exit(2)
	}
	if err := run(os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(output io.Writer, version, program string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(content)
	encoder := json.NewEncoder(output)
	encoder.SetIndent("", "  ")
	return encoder.Encode(describe(info, filepath.Base(program), version, hex.EncodeToString(digest[:])))
}

// bom is the part of CycloneDX 1.5 that is in use. It has no time and no serial number,
// so that the same program has the same one.
type bom struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	PURL    string `json:"purl,omitempty"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// describe returns the bill of a program. Modules that a local directory replaces belong
// to this repository and have its version.
func describe(info *debug.BuildInfo, name, version, digest string) bom {
	b := bom{
		Format: "CycloneDX", SpecVersion: "1.5", Version: 1,
		Metadata: metadata{component{
			Type: "application", Name: name, Version: version, Hashes: []hash{{"SHA-256", digest}},
		}},
		Components: []component{{Type: "library", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + info.GoVersion}},
	}
	for _, module := range info.Deps {
		used := component{Type: "library", Name: module.Path, Version: module.Version}
		if replaced := module.Replace; replaced != nil {
			used.Version = "v" + version
			if replaced.Sum != "" {
				used.Name, used.Version = replaced.Path, replaced.Version
			}
		}
		used.PURL = "pkg:golang/" + used.Name + "@" + url.PathEscape(used.Version)
		b.Components = append(b.Components, used)
	}
	return b
}
