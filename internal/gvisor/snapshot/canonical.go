package snapshot

import (
	"bytes"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

// readCanonicalEntry reads the next entry if it is a number, has arrived
// completely, and is byte for byte what gVisor's encoder writes:
//
//	{"metric":{"name":"fs_opens","type":2,"help":"Number of file opens."},"val":{"int":7}}
//
// Nearly all entries are, and comparing them as a whole costs a fraction of
// parsing them. It returns false without consuming anything for all other
// entries, valid or not, which are left to readEntry.
func (d *decoder) readCanonicalEntry() bool {
	data := d.scan.Buffered()
	rest, ok := cutPrefix(data, `{"metric":{"name":"`)
	if !ok {
		return false
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return false
	}
	// Names of registered metrics contain nothing that needs an escape.
	metric := d.reg.Find(rest[:end])
	if metric == nil || metric.Type == registration.Histogram || metric.Dropped {
		return false
	}
	if rest, ok = bytes.CutPrefix(rest[end:], metric.Canonical); !ok {
		return false
	}
	var offset uint32
	if len(metric.Fields) > 0 {
		if offset, rest, ok = cutCanonicalLabels(metric, rest); !ok {
			return false
		}
	}
	value, rest, ok := cutCanonicalValue(rest)
	if !ok {
		return false
	}
	d.scan.Advance(len(data) - len(rest))
	d.add(point{metric: metric, series: metric.First + offset, value: value})
	return true
}

// cutCanonicalLabels reads labels and the comma after them. It returns the offset
// of the series from the metric's first series.
//
//	"labels":{"level":"TCP","name":"3"},
func cutCanonicalLabels(metric *registration.Metric, data []byte) (offset uint32, rest []byte, ok bool) {
	rest, ok = cutPrefix(data, `"labels":{`)
	if !ok {
		return 0, nil, false
	}
	var present uint64
	for i := range metric.Fields {
		if i > 0 {
			if rest, ok = cutPrefix(rest, `,`); !ok {
				return 0, nil, false
			}
		}
		var key, value []byte
		if key, rest, ok = cutPlainString(rest); !ok {
			return 0, nil, false
		}
		if rest, ok = cutPrefix(rest, `:`); !ok {
			return 0, nil, false
		}
		if value, rest, ok = cutPlainString(rest); !ok {
			return 0, nil, false
		}
		field := fieldIndex(metric, key)
		if field < 0 || present&(1<<field) != 0 {
			return 0, nil, false
		}
		present |= 1 << field
		ordinal, allowed := metric.Fields[field].Ordinal(value)
		if !allowed {
			return 0, nil, false
		}
		offset += metric.Fields[field].Offset(ordinal)
	}
	rest, ok = cutPrefix(rest, `},`)
	return offset, rest, ok
}

// fieldIndex returns the index of the field with this key, or -1.
func fieldIndex(metric *registration.Metric, key []byte) int {
	for i := range metric.Fields {
		if metric.Fields[i].Key == string(key) {
			return i
		}
	}
	return -1
}

// cutCanonicalValue reads the value and the end of the entry. Negative and very
// large integers are rare, so they are left to readEntry.
//
//	"val":{"int":152903}}
//	"val":{}}
func cutCanonicalValue(data []byte) (value int64, rest []byte, ok bool) {
	rest, ok = cutPrefix(data, `"val":{`)
	if !ok {
		return 0, nil, false
	}
	if digits, found := cutPrefix(rest, `"int":`); found {
		n := 0
		for n < len(digits) && digits[n]-'0' <= 9 {
			value = value*10 + int64(digits[n]-'0')
			n++
		}
		// 18 digits always fit, and gVisor omits zero.
		if n == 0 || n > 18 || digits[0] == '0' {
			return 0, nil, false
		}
		rest = digits[n:]
	}
	rest, ok = cutPrefix(rest, `}}`)
	return value, rest, ok
}

// cutPlainString reads a string of printable ASCII without escapes.
func cutPlainString(data []byte) (text, rest []byte, ok bool) {
	if len(data) == 0 || data[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			return data[1:i], data[i+1:], true
		case c < ' ', c == '\\', c > '~':
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// cutPrefix is [bytes.CutPrefix] for a prefix that is a string.
func cutPrefix(data []byte, prefix string) (rest []byte, ok bool) {
	if len(data) < len(prefix) || string(data[:len(prefix)]) != prefix {
		return nil, false
	}
	return data[len(prefix):], true
}
