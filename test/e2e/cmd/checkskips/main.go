// Command checkskips reads the output of go test -json, prints it like go test does,
// and reports skipped tests with one line each. With -strict, it fails if it finds a
// skipped test that is not on the list of allowed ones.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	list := flag.String("allowed", "allowed-skips.txt", "file with the names of tests that may be skipped")
	strict := flag.Bool("strict", false, "fail if other tests are skipped")
	verbose := flag.Bool("v", false, "print the output of all tests, not only of those that fail")
	flag.Parse()
	if err := run(*list, *strict, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "checkskips:", err)
		os.Exit(1)
	}
}

func run(list string, strict, verbose bool) error {
	file, err := os.Open(list)
	if err != nil {
		return err
	}
	defer file.Close()
	allowed, err := readAllowed(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", list, err)
	}
	r := report{output: os.Stdout, allowed: allowed, verbose: verbose, buffered: map[test][]string{}}
	if err := r.read(os.Stdin); err != nil {
		return err
	}
	return r.finish(strict, list)
}
