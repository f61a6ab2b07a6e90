// Package syscalls names Linux system calls by their numbers, which depend on the
// architecture. gVisor counts the system calls that it does not implement by
// number alone.
//
// The table is generated from golang.org/x/sys by `make known-syscalls`.
package syscalls

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Architectures lists the architectures of the table, as GOARCH values, in the
// order of its columns. gVisor supports no others.
var Architectures = [...]string{"amd64", "arm64"}

// None stands in the table for a system call that an architecture does not have.
const None = "-"

// maxNumber limits the numbers in the table. Those of Linux are below 500.
const maxNumber = 4095

// Names are the names of the system calls of one architecture.
type Names struct {
	// byNumber is indexed by the number. Numbers without a system call have an
	// empty name.
	byNumber []string
}

//go:embed syscalls.tsv
var table string

var parsed = sync.OnceValue(func() map[string]*Names {
	names, err := parse(table)
	if err != nil {
		panic("syscalls.tsv: " + err.Error()) // The table is part of the program.
	}
	return names
})

// NamesOf returns the names of an architecture, nil if it is not in the table.
func NamesOf(architecture string) *Names { return parsed()[architecture] }

// Of returns the name of a system call, and an empty string if there is no system
// call with this number. It does not allocate. The number is decimal and without
// leading zeros: in any other form it is not a number of gVisor.
func (n *Names) Of(number string) string {
	const maxDigits = 4
	if n == nil || number == "" || len(number) > maxDigits || number[0] == '0' && number != "0" {
		return ""
	}
	index := 0
	for _, digit := range []byte(number) {
		if digit < '0' || digit > '9' {
			return ""
		}
		index = 10*index + int(digit-'0')
	}
	if index >= len(n.byNumber) {
		return ""
	}
	return n.byNumber[index]
}

// parse parses a table: the name of a system call, and its number on each of
// [Architectures], separated by tabs.
//
//	accept	43	202
//	access	21	-
func parse(table string) (map[string]*Names, error) {
	all := map[string]*Names{}
	for _, architecture := range Architectures {
		all[architecture] = &Names{}
	}
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 1+len(Architectures) {
			return nil, fmt.Errorf("invalid line %q: %d columns, want %d", line, len(columns), 1+len(Architectures))
		}
		for i, architecture := range Architectures {
			if err := all[architecture].add(columns[0], columns[1+i]); err != nil {
				return nil, fmt.Errorf("invalid line %q: %w", line, err)
			}
		}
	}
	return all, nil
}

// add adds a system call with a column of the table.
func (n *Names) add(name, column string) error {
	if column == None {
		return nil
	}
	number, err := strconv.ParseUint(column, 10, 16)
	if err != nil {
		return err
	}
	if number > maxNumber {
		return fmt.Errorf("number %d exceeds %d", number, maxNumber)
	}
	for uint64(len(n.byNumber)) <= number {
		n.byNumber = append(n.byNumber, "")
	}
	if other := n.byNumber[number]; other != "" {
		return fmt.Errorf("number %d is also that of %s", number, other)
	}
	n.byNumber[number] = name
	return nil
}
