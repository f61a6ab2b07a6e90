package simulate

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// kataText is text with places for numbers, one block per family.
type kataText struct {
	blocks []kataBlock
	number func(b []byte, value uint64, hundredths bool) []byte
}

// kataBlock is one family.
type kataBlock struct {
	name  string
	lines []kataLine
}

// kataLine is what comes before a number. The first line of a family begins
// with the comments:
//
//	# HELP kata_shim_fds Files that the shim has open.
//	# TYPE kata_shim_fds gauge
//	kata_shim_fds
type kataLine struct {
	prefix     []byte
	motion     motion
	hundredths bool
}

func prepareText(families []kataFamily, number func([]byte, uint64, bool) []byte) kataText {
	text := kataText{number: number}
	for _, family := range families {
		block := kataBlock{name: family.name}
		prefix := "# HELP " + family.name + " " + family.help + "\n# TYPE " + family.name + " " + family.kind + "\n"
		for _, series := range family.series {
			prefix += family.name + series.suffix
			if series.labels != "" {
				prefix += "{" + series.labels + "}"
			}
			block.lines = append(block.lines, kataLine{[]byte(prefix + " "), series.motion, series.hundredths})
			prefix = ""
		}
		text.blocks = append(text.blocks, block)
	}
	return text
}

// appendText appends the families with their numbers, in the order given, or
// in their own if it is nil. Families named in without are left out.
func (t *kataText) appendText(b []byte, seed uint64, elapsed time.Duration, order []int, without []string) []byte {
	for i := range t.blocks {
		at := i
		if order != nil {
			at = order[i]
		}
		block := &t.blocks[at]
		if slices.Contains(without, block.name) {
			continue
		}
		for n := range block.lines {
			line := &block.lines[n]
			b = append(b, line.prefix...)
			b = t.number(b, line.motion.at(seed, uint64(at)<<16+uint64(n), elapsed), line.hundredths)
			b = append(b, '\n')
		}
	}
	return b
}

// goNumber writes a number as Go's encoder of the text format does: 5.6963e+08.
func goNumber(b []byte, value uint64, hundredths bool) []byte {
	if hundredths {
		return strconv.AppendFloat(b, float64(float32(value)/100), 'g', -1, 64)
	}
	return strconv.AppendFloat(b, float64(value), 'g', -1, 64)
}

// rustNumber writes a number as Rust does: never with an exponent.
func rustNumber(b []byte, value uint64, hundredths bool) []byte {
	if hundredths {
		return strconv.AppendFloat(b, float64(float32(value)/100), 'f', -1, 64)
	}
	return strconv.AppendUint(b, value, 10)
}

// hostMetrics are the families go_* and process_* of this process, which stand
// for those of every shim of the Go runtime.
type hostMetrics struct {
	once     sync.Once
	registry *prometheus.Registry

	mu       sync.Mutex
	taken    time.Time
	language []byte // go_*
	process  []byte // process_*
}

// hostMetricsAge is how long they are used before they are taken anew.
const hostMetricsAge = time.Second

// parts returns both groups as text. They must not be changed.
func (h *hostMetrics) parts() (language, process []byte, err error) {
	h.once.Do(func() {
		h.registry = prometheus.NewRegistry()
		h.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.taken) < hostMetricsAge {
		return h.language, h.process, nil
	}
	families, err := h.registry.Gather()
	if err != nil {
		return nil, nil, err
	}
	var buffer bytes.Buffer
	split := 0
	for _, family := range families {
		if split == 0 && family.GetName() >= "process_" {
			split = buffer.Len()
		}
		if _, err := expfmt.MetricFamilyToText(&buffer, family); err != nil {
			return nil, nil, err
		}
	}
	h.taken = time.Now()
	h.language, h.process = buffer.Bytes()[:split:split], buffer.Bytes()[split:]
	return h.language, h.process, nil
}

// kataParts is one answer of a shim before it is put together.
type kataParts struct {
	host, guest []byte
}

// kataBuffers hold the parts of one answer each.
var kataBuffers = sync.Pool{New: func() any { return new(kataParts) }}

// fill renders both parts. The guest's families come in random order from the
// Go runtime, which parses and prints them anew, and sorted from runtime-rs.
func (p *kataParts) fill(k *Kata, elapsed time.Duration) error {
	texts := theKataTexts()
	p.host, p.guest = p.host[:0], p.guest[:0]
	var without []string
	if k.mode != nil {
		without = k.mode.without
		if k.mode.guest != nil {
			p.guest = k.mode.guest(p.guest, k.options.Rust)
		}
	}
	if k.options.Rust {
		host := &texts.rustHost
		if k.options.Hypervisor == "dragonball" {
			host = &texts.dragonballHost
		}
		p.host = host.appendText(p.host, k.seed, elapsed, nil, nil)
		if !k.options.NoGuest {
			p.guest = texts.rustGuest.appendText(p.guest, k.seed, elapsed, nil, without)
		}
		return nil
	}
	language, process, err := k.fleet.host.parts()
	if err != nil {
		return err
	}
	p.host = append(p.host, language...)
	p.host = texts.goHost.appendText(p.host, k.seed, elapsed, nil, nil)
	p.host = append(p.host, process...)
	if !k.options.NoGuest {
		p.guest = texts.goGuest.appendText(p.guest, k.seed, elapsed, rand.Perm(len(texts.goGuest.blocks)), without)
	}
	return nil
}
