package doctor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// capability is the number of a capability in a set (capabilities(7)).
type capability uint

// Capabilities that matter to the receiver.
const (
	dacOverride capability = 1
	dacRead     capability = 2
	sysPtrace   capability = 19
)

// self is who runs the command.
type self struct {
	uid          int
	groups       []int
	capabilities uint64
	// rootOfNamespace means that user 0 is an ordinary user of the host.
	rootOfNamespace bool
}

func (s *self) has(c capability) bool { return s.capabilities&(1<<c) != 0 }

// readSelf reads who runs the command. The file has lines such as
//
//	Uid:	0	0	0	0
//	Groups:	4 24 27
//	CapEff:	000001ffffffffff
//
// with the real, effective, saved and file system IDs.
func readSelf(files Files) (*self, error) {
	text, err := files.Read("/proc/self/status", maxFile)
	if err != nil {
		return nil, err
	}
	s := &self{uid: -1}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		switch {
		case key == "Uid" && len(fields) == 4:
			if s.uid, err = strconv.Atoi(fields[1]); err != nil {
				return nil, fmt.Errorf("parse /proc/self/status: %w", err)
			}
		case key == "Groups", key == "Gid" && len(fields) == 4:
			s.groups = append(s.groups, numbers(fields)...)
		case key == "CapEff" && len(fields) == 1:
			if s.capabilities, err = strconv.ParseUint(fields[0], 16, 64); err != nil {
				return nil, fmt.Errorf("parse /proc/self/status: %w", err)
			}
		}
	}
	if s.uid < 0 {
		return nil, errors.New("parse /proc/self/status: no line Uid")
	}
	s.rootOfNamespace = s.uid == 0 && isMapped(files)
	return s, nil
}

// isMapped reports whether user 0 is another user outside of its user namespace. The
// initial user namespace has the map
//
//	0          0 4294967295
func isMapped(files Files) bool {
	text, err := files.Read("/proc/self/uid_map", maxFile)
	fields := strings.Fields(text)
	return err == nil && len(fields) >= 3 && fields[0] == "0" && fields[1] != "0"
}

func numbers(fields []string) []int {
	var all []int
	for _, field := range fields {
		if n, err := strconv.Atoi(field); err == nil {
			all = append(all, n)
		}
	}
	return all
}
