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

// floorTask is the task of the child that measures the floor: the least that
// anybody must do who reads all the answers.
type floorTask struct {
	// GVisor and Kata are the sockets to read.
	GVisor, Kata []string
	// Cycles is how often each is read, after a first time that does not
	// count. Interval, if not 0, is that of a receiver to be like: the sandboxes
	// are read in groups, as many as the receiver has slots, spread evenly over
	// it, and over a new connection each time, because open ones do harm.
	Cycles   int
	Interval time.Duration
}

// groups is how many slots the receiver has in an interval of ten seconds.
const groups = 5

// floorResult is its answer.
type floorResult struct {
	// CPU and Wall are those of one cycle, CPU the median of all.
	CPU, Wall time.Duration
	// Bytes is how much one cycle has read.
	Bytes int64
}

// floorPatience bounds one read of an answer.
const floorPatience = 30 * time.Second

func floorChild(task json.RawMessage, parent *parent) error {
	var t floorTask
	if err := json.Unmarshal(task, &t); err != nil {
		return err
	}
	result, err := measureFloor(t)
	if err != nil {
		return err
	}
	return parent.tell(result)
}

// discarder reads the answers of one sandbox and throws them away.
type discarder struct {
	socket  string
	conn    *net.UnixConn // nil if there is none now
	request []byte
	// ended tells whether an answer is complete. opened and closed count the
	// braces in it so far, tail is its last bytes.
	ended func(opened, closed int, tail []byte) bool
}

func measureFloor(t floorTask) (result floorResult, failed error) {
	var all []*discarder
	defer func() {
		for _, d := range all {
			failed = errors.Join(failed, d.close())
		}
	}()
	for _, kind := range []struct {
		sockets []string
		request string
		ended   func(opened, closed int, tail []byte) bool
	}{
		{t.GVisor, `{"method":"Metrics.Export","arg":{"only_metrics":""}}`, bracesBalance},
		{t.Kata, "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n", chunksEnd},
	} {
		for _, socket := range kind.sockets {
			all = append(all, &discarder{socket: socket, request: []byte(kind.request), ended: kind.ended})
		}
	}
	if _, err := readAll(all, 0); err != nil { // the first cycle also warms up the other side
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

// readAll reads each sandbox once: one after the other, over connections that
// stay open; or, with an interval, in groups.
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

// readGroup asks all of a group, then reads all answers.
func readGroup(group []*discarder, buffer []byte) (read int64, failed error) {
	for _, d := range group {
		if err := errors.Join(d.close(), d.ask()); err != nil {
			return read, err
		}
	}
	for _, d := range group {
		n, err := d.answer(buffer)
		if err = errors.Join(err, d.close()); err != nil {
			return read, err
		}
		read += n
	}
	return read, nil
}

// read asks once and reads the answer to its end.
func (d *discarder) read(buffer []byte) (read int64, err error) {
	if err := d.ask(); err != nil {
		return 0, err
	}
	return d.answer(buffer)
}

// ask sends the request, over the connection there is or a new one.
func (d *discarder) ask() (err error) {
	if d.conn == nil {
		if d.conn, err = host.DialUnix(context.Background(), d.socket); err != nil {
			d.conn = nil
			return err
		}
	}
	if err := d.conn.SetDeadline(time.Now().Add(floorPatience)); err != nil {
		return err
	}
	_, err = d.conn.Write(d.request)
	return err
}

func (d *discarder) answer(buffer []byte) (read int64, err error) {
	opened, closed := 0, 0
	for {
		n, err := d.conn.Read(buffer)
		read += int64(n)
		if err != nil {
			return read, fmt.Errorf("after %d bytes: %w", read, err)
		}
		opened += bytes.Count(buffer[:n], []byte("{"))
		closed += bytes.Count(buffer[:n], []byte("}"))
		if d.ended(opened, closed, buffer[max(0, n-5):n]) {
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

// bracesBalance is the end of a JSON object without braces in its strings,
// which holds for the simulated ones.
func bracesBalance(opened, closed int, _ []byte) bool { return opened == closed }

// chunksEnd is the end of a chunked HTTP answer.
func chunksEnd(_, _ int, tail []byte) bool { return bytes.Equal(tail, []byte("0\r\n\r\n")) }
