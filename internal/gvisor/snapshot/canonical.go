package snapshot

import (
	"bytes"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

// canonicalEntry reads the next entry if it is a number, has arrived
// completely, and looks byte for byte as gVisor's encoder writes it:
//
//	{"metric":{"name":"fs_opens","type":2,"help":"Number of file opens."},"val":{"int":7}}
//
// Nearly all entries do, and comparing them as a whole costs a fraction of
// taking them apart. All others, and whatever is wrong, it leaves to anyEntry.
func (d *decoder) canonicalEntry() bool {
	data := d.scan.Buffered()
	rest, ok := cut(data, `{"metric":{"name":"`)
	if !ok {
		return false
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return false
	}
	// Names have nothing in them that would need an escape.
	metric := d.known.Find(rest[:end])
	if metric == nil || metric.Type == registration.Histogram {
		return false
	}
	if rest, ok = bytes.CutPrefix(rest[end:], metric.Canonical); !ok {
		return false
	}
	var offset uint32
	if len(metric.Fields) > 0 {
		if offset, rest, ok = canonicalLabels(metric, rest); !ok {
			return false
		}
	}
	value, rest, ok := canonicalValue(rest)
	if !ok {
		return false
	}
	d.scan.Advance(len(data) - len(rest))
	d.add(point{metric: metric, series: metric.First + offset, value: value})
	return true
}

// canonicalLabels reads labels and the comma behind them.
//
//	"labels":{"level":"TCP","name":"3"},
func canonicalLabels(metric *registration.Metric, data []byte) (offset uint32, rest []byte, ok bool) {
	rest, ok = cut(data, `"labels":{`)
	if !ok {
		return 0, nil, false
	}
	var present uint64
	for i := range metric.Fields {
		if i > 0 {
			if rest, ok = cut(rest, `,`); !ok {
				return 0, nil, false
			}
		}
		var key, value []byte
		if key, rest, ok = plainText(rest); !ok {
			return 0, nil, false
		}
		if rest, ok = cut(rest, `:`); !ok {
			return 0, nil, false
		}
		if value, rest, ok = plainText(rest); !ok {
			return 0, nil, false
		}
		field := fieldOf(metric, key)
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
	rest, ok = cut(rest, `},`)
	return offset, rest, ok
}

func fieldOf(metric *registration.Metric, key []byte) int {
	for i := range metric.Fields {
		if metric.Fields[i].Key == string(key) {
			return i
		}
	}
	return -1
}

// canonicalValue reads the value and the end of the entry. Negative and very
// large integers are rare enough to be left out.
//
//	"val":{"int":152903}}
//	"val":{}}
func canonicalValue(data []byte) (value int64, rest []byte, ok bool) {
	rest, ok = cut(data, `"val":{`)
	if !ok {
		return 0, nil, false
	}
	if digits, found := cut(rest, `"int":`); found {
		n := 0
		for n < len(digits) && digits[n]-'0' <= 9 {
			value = value*10 + int64(digits[n]-'0')
			n++
		}
		// 18 digits always fit, and zero is not written.
		if n == 0 || n > 18 || digits[0] == '0' {
			return 0, nil, false
		}
		rest = digits[n:]
	}
	rest, ok = cut(rest, `}}`)
	return value, rest, ok
}

// plainText reads a string without escapes, control characters and anything
// beyond ASCII.
func plainText(data []byte) (text, rest []byte, ok bool) {
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

func cut(data []byte, prefix string) (rest []byte, ok bool) {
	if len(data) < len(prefix) || string(data[:len(prefix)]) != prefix {
		return nil, false
	}
	return data[len(prefix):], true
}
