package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// readAllowed returns the names of the tests that may be skipped. Each line has a name
// and the reason; lines that begin with # are comments.
func readAllowed(list io.Reader) (map[string]bool, error) {
	allowed := map[string]bool{}
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, _ := strings.Cut(line, " ")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s has no reason: add it after the name", name)
		}
		if allowed[name] {
			return nil, fmt.Errorf("%s is listed twice: remove one of the lines", name)
		}
		allowed[name] = true
	}
	return allowed, lines.Err()
}
