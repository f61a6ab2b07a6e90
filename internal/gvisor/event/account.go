package event

import (
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	// maxContainers limits the containers of a sandbox, including those that have
	// ended. It is far more than a pod has.
	maxContainers = 256
	// maxInterfaces limits the network interfaces of a sandbox that are remembered.
	maxInterfaces = 32
	// unnamedRoot is the name that gVisor uses for a root container without a name.
	unnamedRoot = "__no_name_0"
)

// Host is the capacity of the host, which no sandbox can exceed.
type Host struct {
	// CPUs is the number of CPUs of the host, not of those that the receiver may
	// use.
	CPUs int
	// Memory is the size of the host's memory in bytes; 0 if it is unknown.
	Memory uint64
}

// Container is a container of a sandbox, according to files on the host.
type Container struct {
	// ID is the container ID.
	ID string
	// Name is the name of the container in its pod, empty if it has none.
	Name string
}

// Account verifies and accumulates the usage of one sandbox. It is used by one
// goroutine at a time.
//
// The calls of one pull are [Account.Begin], before the first request is sent,
// [Account.Read] for the response of each container, and [Account.Finish]. CPU
// times and network interfaces are those of the first valid response of a pull,
// because all responses repeat them.
type Account struct {
	host     Host
	start    time.Time
	restored bool

	containers []container
	// truncated reports that the sandbox has more containers.
	truncated  bool
	interfaces []netInterface
	// cpu is the accumulated CPU time of all containers, and first the sum of
	// their first figures.
	cpu, first uint64
	// measured is when the last pull began in which CPU times were read; zero if
	// there was none.
	measured time.Time

	pull pull
}

// pull is what has been read since [Account.Begin].
type pull struct {
	began time.Time
	// shared reports that CPU times and network interfaces have been read.
	shared bool
	memory uint64
	// unknown counts the CPU times of containers that are not known, and dropped
	// the network interfaces that were dropped.
	unknown, dropped int
}

// container is the account of one container.
type container struct {
	id, name string
	// current reports that the container still exists.
	current bool
	// known reports that base is valid, and seen that the container has had a CPU
	// time in any response.
	known, seen bool
	// base is the last figure of the CPU time, cpu what has been accumulated.
	base, cpu uint64

	// What has been read in the current pull.
	responded, hasCPU bool
	processes         uint64
}

// netInterface is the account of one network interface.
type netInterface struct {
	name string
	// base holds the last figures, total what has been accumulated.
	base, total counters
	// present reports that the current pull has read the interface.
	present bool
}

// NewAccount returns the account of a sandbox without containers.
func NewAccount(host Host) *Account {
	if host.Memory == 0 {
		host.Memory = math.MaxInt64
	}
	return &Account{host: host}
}

// Reset forgets everything but the containers, for a new instance of the sandbox
// that started at the given time, possibly from a checkpoint.
func (a *Account) Reset(start time.Time, restored bool) {
	for i := range a.containers {
		c := &a.containers[i]
		*c = container{id: c.id, name: c.name, current: c.current}
	}
	*a = Account{host: a.host, start: start, restored: restored, containers: a.containers, truncated: a.truncated}
}

// SetContainers sets the containers of the sandbox, the root container first. At
// most [maxContainers] are accepted. A container that is not listed keeps its
// account, so that it continues if the container is listed again.
func (a *Account) SetContainers(list []Container) {
	a.truncated = false
	for i := range a.containers {
		a.containers[i].current = false
	}
	for i, listed := range list {
		name := listed.Name
		if name == "" && i == 0 {
			name = unnamedRoot
		}
		if at := slices.IndexFunc(a.containers, func(c container) bool { return c.id == listed.ID }); at >= 0 {
			a.containers[at].name, a.containers[at].current = name, true
			continue
		}
		if !a.makeRoom() {
			a.truncated = true
			return
		}
		a.containers = append(a.containers, container{id: listed.ID, name: name, current: true})
	}
}

// makeRoom makes room for one more container by forgetting one that has ended. It
// reports whether there is room.
func (a *Account) makeRoom() bool {
	if len(a.containers) < maxContainers {
		return true
	}
	ended := slices.IndexFunc(a.containers, func(c container) bool { return !c.current })
	if ended < 0 {
		return false
	}
	a.containers = slices.Delete(a.containers, ended, ended+1)
	return true
}

// findContainer returns the index of the container with this ID or, if there is
// none, of the last one with this name; -1 if there is none either.
func (a *Account) findContainer(key []byte) int {
	named := -1
	for i := range a.containers {
		c := &a.containers[i]
		switch {
		case !c.current:
		case c.id == string(key):
			return i
		case c.name != "" && c.name == string(key):
			named = i
		}
	}
	return named
}

func (a *Account) findInterface(name []byte) int {
	for i := range a.interfaces {
		if a.interfaces[i].name == string(name) {
			return i
		}
	}
	return -1
}

// Begin starts a pull. The time must not be later than the moment at which the
// first request is sent, and should have a monotonic reading.
func (a *Account) Begin(now time.Time) {
	a.pull = pull{began: now}
	for i := range a.containers {
		c := &a.containers[i]
		c.responded, c.hasCPU, c.processes = false, false, 0
	}
	for i := range a.interfaces {
		a.interfaces[i].present = false
	}
}

var errNotRequested = errors.New("the container is unknown or has responded already")

// Read reads and verifies the response to the request for one container, and
// returns its size. It calls now after it has read the whole response.
//
// On failure nothing changes. The error is a [sandbox.Failure] that wraps a
// [Violation] (malformed, oversize, rejected), a [urpc.RemoteError] (refused: try
// again later) or the error of the source (timeout, disconnected).
func (a *Account) Read(containerID string, source io.Reader, now func() time.Time) (size int, err error) {
	index := slices.IndexFunc(a.containers, func(c container) bool { return c.id == containerID && c.current && !c.responded })
	if index < 0 {
		return 0, sandbox.Fail(sandbox.Internal, errNotRequested)
	}
	d := decoderPool.Get().(*decoder)
	defer d.release()
	err = d.read(source, a)
	size = int(d.scan.Received())
	if err == nil {
		err = a.check(d, now())
	}
	if err != nil {
		return size, failure(err)
	}
	a.commit(d, &a.containers[index])
	return size, nil
}

// commit stores the figures of a verified response.
func (a *Account) commit(d *decoder, requested *container) {
	requested.responded, requested.processes = true, d.processes
	a.pull.memory += d.memory
	if a.pull.shared {
		return
	}
	a.pull.shared, a.pull.unknown, a.pull.dropped = true, d.unknown, d.dropped
	a.measured = a.pull.began
	for i, figure := range d.cpu {
		a.commitCPU(&a.containers[i], figure)
	}
	for i := range d.interfaces {
		a.commitInterface(&d.interfaces[i])
	}
}

func (a *Account) commitCPU(c *container, figure cpuFigure) {
	if !figure.present {
		// Its next figure cannot be compared with the time since the last response.
		c.known = false
		return
	}
	var growth uint64
	switch {
	case c.known:
		growth = grown(c.base, figure.nanoseconds)
	case !c.seen && !a.restored:
		growth = figure.nanoseconds
		a.first += growth
	}
	c.base, c.known, c.seen, c.hasCPU = figure.nanoseconds, true, true, true
	c.cpu, a.cpu = addCapped(c.cpu, growth), addCapped(a.cpu, growth)
}

func (a *Account) commitInterface(figure *interfaceFigure) {
	at := a.findInterface(figure.text())
	if at < 0 {
		at = len(a.interfaces)
		a.interfaces = append(a.interfaces, netInterface{name: string(figure.text())})
	}
	known := &a.interfaces[at]
	for j, count := range figure.counters {
		known.total[j] += grown(known.base[j], count)
	}
	known.base, known.present = figure.counters, true
}
