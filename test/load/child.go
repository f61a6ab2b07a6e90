package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// childArgument precedes the name of a child on the command line.
const childArgument = "child"

// children maps names to the functions that run in separate processes. Each
// reads its task as one line of JSON and sends lines of JSON. A child exits when
// its standard input ends.
var children = map[string]func(task json.RawMessage, parent *parent) error{
	"simulate": simulateChild,
	"discard":  discardChild,
	"receive":  receiveChild,
}

// parent is the other end of a child's standard input and output.
type parent struct {
	input  *bufio.Reader
	output io.Writer
}

// send sends one message.
func (p *parent) send(message any) error { return json.NewEncoder(p.output).Encode(message) }

// awaitEnd returns when the parent closes the input to end the child.
func (p *parent) awaitEnd() { _, _ = io.Copy(io.Discard, p.input) }

// childMain runs a child and returns its exit code.
func childMain(name string) int {
	// The terminal sends an interrupt to all processes at once, but the parent
	// decides when a child ends.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	p := &parent{bufio.NewReader(os.Stdin), os.Stdout}
	task, err := p.input.ReadBytes('\n')
	if err == nil {
		if child := children[name]; child != nil {
			err = child(task, p)
		} else {
			err = errors.New("unknown child")
		}
	}
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// child is a process that runs one of the children.
type child struct {
	name    string
	command *exec.Cmd
	input   io.WriteCloser
	output  *json.Decoder
}

// childTimeout limits how long a child may take to exit.
const childTimeout = 30 * time.Second

// startChild runs this program again as one of its children.
func startChild(name string, task any) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{name: name, command: exec.Command(program, childArgument, name)}
	c.command.Stderr = os.Stderr
	if c.input, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.output = json.NewDecoder(output)
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(c.input).Encode(task); err != nil {
		return nil, errors.Join(fmt.Errorf("send task to %s: %w", name, err), c.end())
	}
	return c, nil
}

// receive waits for the child's next message.
func (c *child) receive(message any) error {
	if err := c.output.Decode(message); err != nil {
		return fmt.Errorf("%s exited without sending a result: %w", c.name, err)
	}
	return nil
}

// end closes the child's input and waits until it exits.
func (c *child) end() error {
	_ = c.input.Close()
	timer := time.AfterFunc(childTimeout, func() { _ = c.command.Process.Kill() })
	defer timer.Stop()
	if err := c.command.Wait(); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// runChild runs a child that sends one result, and returns it.
func runChild[Result any](name string, task any) (result Result, err error) {
	c, err := startChild(name, task)
	if err != nil {
		return result, err
	}
	err = c.receive(&result)
	return result, errors.Join(err, c.end())
}
