package host

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxInterfaces bounds how many network interfaces of a namespace are read.
const maxInterfaces = 64

// parseProcessStat parses the state and the start time in /proc/<pid>/stat
// (proc(5)), for example
//
//	4242 (runsc-sandbox) S 1 4242 4242 0 -1 4194560 … 12345678 …
//
// The name may itself contain spaces and parentheses, so fields are counted from
// the last parenthesis: the state is the third field, the start time the 22nd.
func parseProcessStat(data []byte) (state byte, start uint64, err error) {
	end := bytes.LastIndexByte(data, ')')
	if end < 0 {
		return 0, 0, errors.New("no process name in parentheses")
	}
	fields, count := statFields(data[end+1:])
	if count < len(fields) || len(fields[0]) != 1 {
		return 0, 0, fmt.Errorf("%d fields after the name, %d expected", count, len(fields))
	}
	start, err = strconv.ParseUint(string(fields[19]), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("start time: %w", err)
	}
	return fields[0][0], start, nil
}

// parseProcessTimes parses /proc/<pid>/stat, see [parseProcessStat]. The state
// is fields[0]; it is followed by the parent (1), four CPU times (11 to 14), the
// number of threads (17) and the start time (19). In proc(5), each number is
// larger by 3.
func parseProcessTimes(data []byte) (ProcessTimes, error) {
	state, start, err := parseProcessStat(data)
	if err != nil {
		return ProcessTimes{}, err
	}
	end := bytes.LastIndexByte(data, ')')
	fields, _ := statFields(data[end+1:])
	parent, _ := parseNumber(fields[1])
	times := ProcessTimes{State: state, Parent: int(parent), Start: start}
	if begin := bytes.IndexByte(data[:end], '('); begin >= 0 {
		times.Name = string(data[begin+1 : end])
	}
	for i, value := range []*uint64{
		11: &times.User, 12: &times.System, 13: &times.ChildrenUser, 14: &times.ChildrenSystem, 17: &times.Threads,
	} {
		if value == nil {
			continue
		}
		var ok bool
		if *value, ok = parseNumber(fields[i]); !ok {
			return ProcessTimes{}, fmt.Errorf("field %d: invalid number %q", i+3, fields[i])
		}
	}
	return times, nil
}

// statFields returns the fields that are needed, and how many of them there are.
func statFields(data []byte) (fields [20][]byte, count int) {
	for field := range bytes.FieldsSeq(data) {
		if count == len(fields) {
			break
		}
		fields[count] = field
		count++
	}
	return fields, count
}

// parseInterfaces parses /proc/<pid>/net/dev:
//
//	Inter-|   Receive                                                |  Transmit
//	 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
//	    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
//
// Lines in any other format are skipped.
func parseInterfaces(data []byte) []InterfaceCounters {
	var interfaces []InterfaceCounters
	for line := range bytes.Lines(data) {
		end := bytes.LastIndexByte(line, ':')
		if end < 0 || len(interfaces) == maxInterfaces {
			continue
		}
		counters := InterfaceCounters{Name: string(bytes.TrimSpace(line[:end]))}
		columns := []*uint64{
			&counters.Received.Bytes, &counters.Received.Packets, &counters.Received.Errors, &counters.Received.Dropped,
			&counters.Received.FIFO, &counters.ReceivedFrame, &counters.Received.Compressed, &counters.ReceivedMulticast,
			&counters.Sent.Bytes, &counters.Sent.Packets, &counters.Sent.Errors, &counters.Sent.Dropped,
			&counters.Sent.FIFO, &counters.SentCollisions, &counters.SentCarrier, &counters.Sent.Compressed,
		}
		fields := bytes.Fields(line[end+1:])
		complete := len(fields) == len(columns) && counters.Name != ""
		for i := 0; complete && i < len(columns); i++ {
			*columns[i], complete = parseNumber(fields[i])
		}
		if complete {
			interfaces = append(interfaces, counters)
		}
	}
	return interfaces
}
