package kata

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// The families of a shim's response are files in the text format of Prometheus
// in which values define how numbers change over time:
//
//	120        stays at 120
//	~120       wanders within an eighth of 120
//	+120       grows by about 120 per second
//	~1.20      is a hundredth of ~120
//	+1*10/64   is 10/64 of +1
//
// In a histogram, series that differ only in their suffix or the label le are
// shares of the same counter.
var (
	//go:embed families/go_host.prom
	goHostFile string
	//go:embed families/runtime_rs_host.prom
	runtimeRSHostFile string
	//go:embed families/dragonball.prom
	dragonballFile string
	//go:embed families/guest.prom
	guestFile string
)

// shimTexts are the parts of which shims build their responses.
type shimTexts struct {
	goHost, goGuest          shimText
	rustGuest                shimText
	rustHost, dragonballHost shimText
}

var theTexts = sync.OnceValue(func() *shimTexts {
	guest, host := parseFamilies(guestFile), parseFamilies(runtimeRSHostFile)
	return &shimTexts{
		goHost:         shimText{parseFamilies(goHostFile), appendGoNumber},
		goGuest:        shimText{guest, appendGoNumber},
		rustGuest:      shimText{guest, appendRustNumber},
		rustHost:       shimText{host, appendRustNumber},
		dragonballHost: shimText{append(parseFamilies(dragonballFile), host...), appendRustNumber},
	}
})

// family is one metric family.
type family struct {
	name   string
	series []series
}

// series is one series of a family.
type series struct {
	// prefix is the text before the value. For the first series of a family it
	// starts with the comments:
	//
	//	# HELP kata_shim_fds Files that the shim has open.
	//	# TYPE kata_shim_fds gauge
	//	kata_shim_fds
	prefix []byte
	motion simulate.Motion
	// hundredths is true if the value is a hundredth of the motion.
	hundredths bool
}

// parseFamilies parses one of the files. It panics on a malformed line, because
// the files are part of the program.
func parseFamilies(text string) []family {
	var families []family
	var comments string
	// groups maps the labels of a histogram's series, apart from le, to the group
	// of their motion; nil for other families.
	var groups map[string]uint64
	for line := range strings.Lines(text) {
		if help, found := strings.CutPrefix(line, "# HELP "); found {
			name, _, _ := strings.Cut(help, " ")
			families = append(families, family{name: name})
			comments, groups = line, nil
			continue
		}
		if strings.HasPrefix(line, "# TYPE ") {
			comments += line
			if strings.HasSuffix(line, " histogram\n") {
				groups = make(map[string]uint64)
			}
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		s, err := parseSeries(strings.TrimSuffix(line, "\n"), groups)
		if err != nil || len(families) == 0 {
			panic(fmt.Sprintf("invalid line of a simulated family %q: %v", line, err))
		}
		s.prefix = append([]byte(comments), s.prefix...)
		comments = ""
		current := &families[len(families)-1]
		current.series = append(current.series, s)
	}
	return families
}

// parseSeries parses one series, for example
//
//	kata_guest_load{item="load1"} ~1.20
func parseSeries(line string, groups map[string]uint64) (series, error) {
	at := strings.LastIndexByte(line, ' ')
	s := series{prefix: []byte(line[:at+1])}
	value := line[at+1:]
	if level, found := strings.CutPrefix(value, "+"); found {
		s.motion.Kind, value = simulate.Growing, level
	} else if level, found := strings.CutPrefix(value, "~"); found {
		s.motion.Kind, value = simulate.Wandering, level
	}
	value, share, hasShare := strings.Cut(value, "*")
	var err error
	if hasShare {
		if s.motion.Share, err = strconv.ParseUint(strings.TrimSuffix(share, "/64"), 10, 64); err != nil {
			return s, err
		}
	}
	if groups != nil {
		_, labels, _ := strings.Cut(line[:at], "{")
		labels, _, _ = strings.Cut(strings.TrimSuffix(labels, "}"), `,le="`)
		if groups[labels] == 0 {
			groups[labels] = 1<<32 + uint64(len(groups))
		}
		s.motion.Group = groups[labels]
	}
	if whole, fraction, found := strings.Cut(value, "."); found && len(fraction) == 2 {
		s.hundredths, value = true, whole+fraction
	}
	s.motion.Level, err = strconv.ParseUint(value, 10, 64)
	return s, err
}
