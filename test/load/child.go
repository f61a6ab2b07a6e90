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

// childArgument comes before the name of a child on the command line.
const childArgument = "child"

// children are the things that run in processes of their own. Each reads its
// task as one line of JSON and answers with lines of JSON. When the standard
// input ends, so does the child.
var children = map[string]func(task json.RawMessage, parent *parent) error{
	"simulate": simulateChild,
	"floor":    floorChild,
	"receive":  receiveChild,
}

// parent is the other end of a child's standard input and output.
type parent struct {
	input  *bufio.Reader
	output io.Writer
}

// tell sends one message.
func (p *parent) tell(message any) error { return json.NewEncoder(p.output).Encode(message) }

// await returns when the parent wants the child to end.
func (p *parent) await() { _, _ = io.Copy(io.Discard, p.input) }

func runChild(name string) int {
	// An interrupt from the terminal goes to all processes at once; the parent
	// says when to end.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	p := &parent{bufio.NewReader(os.Stdin), os.Stdout}
	task, err := p.input.ReadBytes('\n')
	if err == nil {
		if child := children[name]; child != nil {
			err = child(task, p)
		} else {
			err = errors.New("there is no such child")
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

// childPatience is how long a child may take to end once it was told to.
const childPatience = 30 * time.Second

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
		return nil, errors.Join(fmt.Errorf("telling %s its task: %w", name, err), c.end())
	}
	return c, nil
}

// hear waits for the child's next message.
func (c *child) hear(message any) error {
	if err := c.output.Decode(message); err != nil {
		return fmt.Errorf("%s has ended without an answer: %w", c.name, err)
	}
	return nil
}

// end tells the child to end and waits for that.
func (c *child) end() error {
	_ = c.input.Close()
	timer := time.AfterFunc(childPatience, func() { _ = c.command.Process.Kill() })
	defer timer.Stop()
	if err := c.command.Wait(); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// ask runs a child for the one answer it gives.
func ask[Answer any](name string, task any) (answer Answer, err error) {
	c, err := startChild(name, task)
	if err != nil {
		return answer, err
	}
	err = c.hear(&answer)
	return answer, errors.Join(err, c.end())
}
