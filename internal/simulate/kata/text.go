package kata

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// shimText is a list of families in one format of numbers.
type shimText struct {
	families     []family
	appendNumber func(b []byte, value uint64, hundredths bool) []byte
}

// appendTo appends the families with their values, in the given order of
// indexes, or in the order of the list if it is nil. Families named in without
// are left out.
func (t *shimText) appendTo(b []byte, seed uint64, elapsed time.Duration, order []int, without []string) []byte {
	for i := range t.families {
		index := i
		if order != nil {
			index = order[i]
		}
		f := &t.families[index]
		if slices.Contains(without, f.name) {
			continue
		}
		for n := range f.series {
			s := &f.series[n]
			b = append(b, s.prefix...)
			b = t.appendNumber(b, s.motion.At(seed, uint64(index)<<16+uint64(n), elapsed), s.hundredths)
			b = append(b, '\n')
		}
	}
	return b
}

// appendGoNumber appends a number as Go's encoder of the text format does:
// 5.6963e+08.
func appendGoNumber(b []byte, value uint64, hundredths bool) []byte {
	if hundredths {
		return strconv.AppendFloat(b, float64(float32(value)/100), 'g', -1, 64)
	}
	return strconv.AppendFloat(b, float64(value), 'g', -1, 64)
}

// appendRustNumber appends a number as Rust does, which never uses an exponent.
func appendRustNumber(b []byte, value uint64, hundredths bool) []byte {
	if hundredths {
		return strconv.AppendFloat(b, float64(float32(value)/100), 'f', -1, 64)
	}
	return strconv.AppendUint(b, value, 10)
}

// parts are the two parts of a response's body.
type parts struct {
	host, guest []byte
}

// partsPool holds the buffers of one response each.
var partsPool = sync.Pool{New: func() any { return new(parts) }}

// fill renders both parts. The guest's families are in random order from the Go
// runtime, which parses them and prints them again, and sorted from runtime-rs.
func (p *parts) fill(pod *Pod, elapsed time.Duration) error {
	texts := theTexts()
	p.host, p.guest = p.host[:0], p.guest[:0]
	var without []string
	if pod.mode != nil {
		without = pod.mode.without
		if pod.mode.guest != nil {
			p.guest = pod.mode.guest(p.guest, pod.options.Rust)
		}
	}
	if pod.options.Rust {
		host := &texts.rustHost
		if pod.options.Hypervisor == "dragonball" {
			host = &texts.dragonballHost
		}
		p.host = host.appendTo(p.host, pod.seed, elapsed, nil, nil)
		if !pod.options.NoGuest {
			p.guest = texts.rustGuest.appendTo(p.guest, pod.seed, elapsed, nil, without)
		}
		return nil
	}
	goFamilies, processFamilies, err := pod.storage.process.families()
	if err != nil {
		return err
	}
	p.host = append(p.host, goFamilies...)
	p.host = texts.goHost.appendTo(p.host, pod.seed, elapsed, nil, nil)
	p.host = append(p.host, processFamilies...)
	if !pod.options.NoGuest {
		order := rand.Perm(len(texts.goGuest.families))
		p.guest = texts.goGuest.appendTo(p.guest, pod.seed, elapsed, order, without)
	}
	return nil
}
