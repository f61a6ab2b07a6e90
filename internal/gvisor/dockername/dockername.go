// Package dockername reads the names of containers from the files in which Docker
// stores their configuration, <path>/<ID>/config.v2.json:
//
//	{"ID":"4d63…","Config":{"Env":["TOKEN=…"],…},"Name":"/web",…}
//
// The rest of the file is skipped, because it contains secrets.
package dockername

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

const (
	// maxConfig is the maximum size of the configuration file of a container. It
	// contains the environment and all labels.
	maxConfig = 4 << 20
	// maxName is far above the length of a host name, which a name can become.
	maxName = 256
	// idLength is the length of the ID of a container.
	idLength    = 64
	idAlphabet  = "0123456789abcdef"
	nameSymbols = "_.-"
)

var (
	errNoName = errors.New("the file contains no valid name")
	errID     = errors.New("not the ID of a Docker container")

	fields = jsonscan.NewFields("Name")
)

// Reader reads names.
type Reader struct {
	// Path is the directory with a directory for each container.
	Path   string
	buffer []byte
}

// Read returns the name of a container. No error quotes the content of the file.
func (r *Reader) Read(containerID string) (string, error) {
	if len(containerID) != idLength || strings.Trim(containerID, idAlphabet) != "" {
		return "", errID
	}
	path := filepath.Join(r.Path, containerID, "config.v2.json")
	data, _, err := host.ReadRegular(path, maxConfig, r.buffer)
	if err != nil {
		return "", err
	}
	r.buffer = data
	name, err := parse(data)
	if err != nil {
		return "", fmt.Errorf("parse %s: %w", path, err)
	}
	return name, nil
}

func parse(data []byte) (name string, err error) {
	var s jsonscan.Scanner
	// A single label or environment variable can account for most of a file.
	s.ResetBytes(data, jsonscan.Limits{Bytes: maxConfig, Token: maxConfig})
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		if _, more := s.NextField(fields, &seen); !more {
			break
		}
		text := s.String()
		if len(text) > maxName+1 {
			text = nil
		}
		name = strings.TrimPrefix(string(text), "/")
	}
	s.End()
	if err := s.Err(); err != nil {
		return "", err
	}
	if !isName(name) {
		return "", errNoName
	}
	return name, nil
}

// isName reports whether Docker accepts the name: it consists of letters, digits
// and symbols, and does not begin with a symbol.
func isName(name string) bool {
	for i, c := range []byte(name) {
		isSymbol := strings.IndexByte(nameSymbols, c) >= 0
		isAlphanumeric := c-'0' <= 9 || (c|0x20)-'a' < 26
		if !isAlphanumeric && (i == 0 || !isSymbol) {
			return false
		}
	}
	return name != "" && len(name) <= maxName
}
