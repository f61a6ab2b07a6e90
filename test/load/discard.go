package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// discardTask is the task of the child that measures the cost of a client that
// reads all responses and discards them.
type discardTask struct {
	// GVisor and Kata are the sockets to read.
	GVisor, Kata []string
	// Cycles is the number of measured cycles. An additional first cycle is not
	// measured.
	Cycles int
	// Interval, if not 0, makes the client follow the schedule of a receiver:
	// it reads the sandboxes in groups that are spread evenly over the interval,
	// and over a new connection each time, because a gVisor sandbox that ends
	// waits for open connections.
	Interval time.Duration
}

// groups is the number of slots that the receiver has in an interval of ten
// seconds.
const groups = 5

// discardResult is the result of a discardTask.
type discardResult struct {
	// CPU is the median CPU time of a cycle, Wall the mean duration.
	CPU, Wall time.Duration
	// Bytes is the number of bytes read in one cycle.
	Bytes int64
}

// readTimeout limits how long a response may take.
const readTimeout = 30 * time.Second

func discardChild(task json.RawMessage, parent *parent) error {
	var t discardTask
	if err := json.Unmarshal(task, &t); err != nil {
		return err
	}
	result, err := measureDiscard(t)
	if err != nil {
		return err
	}
	return parent.send(result)
}

// discarder reads the responses of one sandbox and discards them.
type discarder struct {
	socket  string
	conn    *net.UnixConn // nil if there is no open connection
	request []byte
	// complete reports whether a response is complete. opened and closed are the
	// numbers of braces in it so far, tail its last bytes.
	complete func(opened, closed int, tail []byte) bool
}

func measureDiscard(t discardTask) (result discardResult, failed error) {
	var all []*discarder
	defer func() {
		for _, d := range all {
			failed = errors.Join(failed, d.close())
		}
	}()
	for _, kind := range []struct {
		sockets  []string
		request  string
		complete func(opened, closed int, tail []byte) bool
	}{
		{t.GVisor, `{"method":"Metrics.Export","arg":{"only_metrics":""}}`, bracesBalanced},
		{t.Kata, "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n", lastChunkRead},
	} {
		for _, socket := range kind.sockets {
			all = append(all, &discarder{socket: socket, request: []byte(kind.request), complete: kind.complete})
		}
	}
	if _, err := readAll(all, 0); err != nil { // also warms up the simulation
		return result, err
	}
	started := time.Now()
	cycles, err := cpuOf(t.Cycles, func() (err error) {
		result.Bytes, err = readAll(all, t.Interval)
		return err
	})
	if err != nil {
		return result, err
	}
	result.Wall = time.Since(started) / time.Duration(t.Cycles)
	result.CPU = median(cycles)
	return result, nil
}

// readAll reads each sandbox once. Without an interval it reads one after
// another, over connections that stay open, otherwise in groups.
func readAll(all []*discarder, interval time.Duration) (read int64, failed error) {
	buffer := make([]byte, 64<<10)
	if interval == 0 {
		for _, d := range all {
			n, err := d.read(buffer)
			if err != nil {
				return read, err
			}
			read += n
		}
		return read, nil
	}
	started := time.Now()
	for i := range groups {
		time.Sleep(time.Until(started.Add(interval * time.Duration(i) / groups)))
		n, err := readGroup(all[len(all)*i/groups:len(all)*(i+1)/groups], buffer)
		if err != nil {
			return read, err
		}
		read += n
	}
	time.Sleep(time.Until(started.Add(interval)))
	return read, nil
}

// readGroup sends the requests of a group, then reads the responses.
func readGroup(group []*discarder, buffer []byte) (read int64, failed error) {
	for _, d := range group {
		if err := errors.Join(d.close(), d.send()); err != nil {
			return read, err
		}
	}
	for _, d := range group {
		n, err := d.receive(buffer)
		if err = errors.Join(err, d.close()); err != nil {
			return read, err
		}
		read += n
	}
	return read, nil
}

// read sends a request and reads the complete response.
func (d *discarder) read(buffer []byte) (read int64, err error) {
	if err := d.send(); err != nil {
		return 0, err
	}
	return d.receive(buffer)
}

// send sends the request, over the open connection or a new one.
func (d *discarder) send() (err error) {
	if d.conn == nil {
		if d.conn, err = host.DialUnix(context.Background(), d.socket); err != nil {
			d.conn = nil
			return err
		}
	}
	if err := d.conn.SetDeadline(time.Now().Add(readTimeout)); err != nil {
		return err
	}
	_, err = d.conn.Write(d.request)
	return err
}

// receive reads a response and returns its size.
func (d *discarder) receive(buffer []byte) (read int64, err error) {
	opened, closed := 0, 0
	for {
		n, err := d.conn.Read(buffer)
		read += int64(n)
		if err != nil {
			return read, fmt.Errorf("read response after %d bytes: %w", read, err)
		}
		opened += bytes.Count(buffer[:n], []byte("{"))
		closed += bytes.Count(buffer[:n], []byte("}"))
		if d.complete(opened, closed, buffer[max(0, n-5):n]) {
			return read, nil
		}
	}
}

func (d *discarder) close() error {
	if d.conn == nil {
		return nil
	}
	err := d.conn.Close()
	d.conn = nil
	return err
}

// bracesBalanced reports whether a JSON object is complete if its strings contain
// no braces, as in responses of simulated sandboxes.
func bracesBalanced(opened, closed int, _ []byte) bool { return opened == closed }

// lastChunkRead reports whether a chunked HTTP response is complete.
func lastChunkRead(_, _ int, tail []byte) bool { return bytes.Equal(tail, []byte("0\r\n\r\n")) }
