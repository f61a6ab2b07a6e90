package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is a line of the output of go test -json:
//
//	{"Action":"skip","Package":"example.com/e2e","Test":"TestDocker","Elapsed":0}
type event struct {
	Action, Package, Test, Output string
}

// noTests is printed, like PASS, only with -json or -v.
const noTests = "testing: warning: no tests to run\n"

// test is the name of a test with its package. The name is empty for the package itself.
type test struct{ packagePath, name string }

// report collects the results of all tests.
type report struct {
	output  io.Writer
	allowed map[string]bool
	verbose bool

	// buffered is the output of the tests that have not finished.
	buffered map[test][]string
	// packages is the number of packages that have finished.
	packages int
	// unexpected are the skipped tests that are not allowed.
	unexpected []string
}

// read reads all events.
func (r *report) read(events io.Reader) error {
	decoder := json.NewDecoder(events)
	for {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the output of go test -json: %w", err)
		}
		r.add(&e)
	}
}

func (r *report) add(e *event) {
	of := test{e.Package, e.Test}
	switch e.Action {
	case "output":
		r.addOutput(of, e.Output)
	case "build-output":
		fmt.Fprint(r.output, e.Output)
	case "pass", "fail", "skip":
		r.end(of, e.Action)
	}
}

func (r *report) addOutput(of test, text string) {
	switch {
	case of.name != "":
		r.buffered[of] = append(r.buffered[of], text)
		if r.verbose {
			fmt.Fprint(r.output, text)
		}
	case text != "PASS\n" && text != noTests:
		fmt.Fprint(r.output, text)
	}
}

// end handles the end of a test or of a package.
func (r *report) end(of test, action string) {
	switch {
	case of.name == "":
		r.packages++
		if action == "fail" {
			r.printUnfinished(of.packagePath)
		}
	case action == "skip":
		r.skip(of)
	case action == "fail":
		r.print(of)
	}
	delete(r.buffered, of)
}

// printUnfinished prints the output of tests that did not end, for example because of
// a panic.
func (r *report) printUnfinished(packagePath string) {
	var unfinished []test
	for of := range r.buffered {
		if of.packagePath == packagePath {
			unfinished = append(unfinished, of)
		}
	}
	slices.SortFunc(unfinished, func(a, b test) int { return strings.Compare(a.name, b.name) })
	for _, of := range unfinished {
		r.print(of)
		delete(r.buffered, of)
	}
}

func (r *report) print(of test) {
	if !r.verbose {
		fmt.Fprint(r.output, strings.Join(r.buffered[of], ""))
	}
}

// skip prints the name of a skipped test and the reason, which is on a line like
//
//	docker.go:72: dockerd does not run here: permission denied
func (r *report) skip(of test) {
	var reasons []string
	for _, line := range r.buffered[of] {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			reasons = append(reasons, line)
		}
	}
	fmt.Fprintf(r.output, "SKIP %s: %s\n", of.name, strings.Join(reasons, "; "))
	if !r.allowed[of.name] {
		r.unexpected = append(r.unexpected, of.name)
	}
}

// finish returns an error if no package was tested or, if strict, a test was skipped
// that is not on the list. Failed tests are reported by go test.
func (r *report) finish(strict bool, list string) error {
	if r.packages == 0 {
		return errors.New("no package was tested: check the output of go test -json")
	}
	if !strict || len(r.unexpected) == 0 {
		return nil
	}
	slices.Sort(r.unexpected)
	return fmt.Errorf("skipped tests that %s does not allow: %s: provide what they need, or add them with the reason",
		list, strings.Join(r.unexpected, ", "))
}
