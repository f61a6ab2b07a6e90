package main

import (
	"fmt"
	"strings"
	"testing"
)

// skipped is the output of go test -json for a package with a skipped test
// and a passed one.
const skipped = `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    docker.go:72: dockerd does not run here\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.01s\n"}
{"Action":"pass","Package":"p"}
`

// failed has a failed test, and one that a panic ended.
const failed = `
{"Action":"build-output","ImportPath":"q","Output":"q.go:1: syntax error\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:1: failed here\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Test":"TestD","Output":"panic: here\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.01s\n"}
{"Action":"fail","Package":"p"}
`

func TestReport(t *testing.T) {
	for name, c := range map[string]struct {
		events, allowed string
		strict, verbose bool
		output, err     string
	}{
		"allowed": {
			skipped, "TestA needs Docker", true, false, "SKIP TestA: docker.go:72: dockerd does not run here\nok  \tp\t0.01s\n", "",
		},
		"not allowed": {
			skipped, "TestB needs Docker", true, false, "SKIP TestA: docker.go:72: dockerd does not run here\nok  \tp\t0.01s\n",
			"skipped tests that list does not allow: TestA",
		},
		"only part of the name": {skipped, "Test needs Docker", true, false, "SKIP TestA", "does not allow: TestA"},
		"not strict":            {skipped, "", false, false, "SKIP TestA: docker.go:72: dockerd does not run here\n", ""},
		"verbose":               {skipped, "", false, true, "=== RUN   TestB\n", ""},
		"failed": {
			failed, "", true, false, "q.go:1: syntax error\n    c_test.go:1: failed here\nFAIL\tp\t0.01s\npanic: here\n", "",
		},
		"nothing tested": {"", "", true, false, "", "no package was tested"},
		"not JSON":       {"FAIL p [setup failed]", "", true, false, "", "read the output of go test -json"},
	} {
		t.Run(name, func(t *testing.T) {
			allowed, err := readAllowed(strings.NewReader(c.allowed))
			if err != nil {
				t.Fatal(err)
			}
			var output strings.Builder
			r := report{output: &output, allowed: allowed, verbose: c.verbose, buffered: map[test][]string{}}
			if err = r.read(strings.NewReader(c.events)); err == nil {
				err = r.finish(c.strict, "list")
			}
			if !strings.Contains(output.String(), c.output) {
				t.Errorf("output %q, want %q", output.String(), c.output)
			}
			if got := fmt.Sprint(err); (err == nil) != (c.err == "") || !strings.Contains(got, c.err) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
		})
	}
}

func TestReadAllowed(t *testing.T) {
	allowed, err := readAllowed(strings.NewReader("# comment\n\nTestA/b-1 is slow\n"))
	if err != nil || len(allowed) != 1 || !allowed["TestA/b-1"] {
		t.Errorf("got %v, %v", allowed, err)
	}
	for _, invalid := range []string{"TestA", "TestA \n", "TestA x\nTestA y"} {
		if _, err := readAllowed(strings.NewReader(invalid)); err == nil {
			t.Errorf("%q is accepted", invalid)
		}
	}
}
