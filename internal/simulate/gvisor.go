package simulate

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// GVisorOptions says what a simulated gVisor sandbox is like. The zero value is
// an honest one with everything at its default.
type GVisorOptions struct {
	// ID is the sandbox's id; by default one is made up.
	ID string
	// Mode makes it hostile.
	Mode Mode
	// Points is how many points it sends, at least 2; by default the fleet's.
	Points int
	// Unregistered sandboxes were started without --metric-server: their state
	// file holds no registration.
	Unregistered bool
	// Containers is how many containers it holds besides the root container.
	Containers int
	// Pod says who made the pod around it, if anybody.
	Pod PodStyle
	// Delay is how late it answers in the mode [Late]; 30 s by default.
	Delay time.Duration
	// Steady sandboxes are left alone by churn.
	Steady bool
}

// GVisor is one simulated gVisor sandbox. All its methods may be called at any
// time, from any goroutine.
type GVisor struct {
	fleet   *Fleet
	options GVisorOptions
	mode    *gvisorMode
	pod     podNames
	load    load

	mu      sync.Mutex
	life    *gvisorLife
	removed bool
	// lock is held as long as the sandbox is [Locked].
	lock *os.File
}

// gvisorLife is one life of a sandbox: from its creation to its deletion.
type gvisorLife struct {
	sandbox *GVisor
	created time.Time
	seed    uint64
	server  *server
	state   stateFile
}

func newGVisor(fleet *Fleet, options GVisorOptions) (*GVisor, error) {
	s := &GVisor{fleet: fleet, options: options}
	if options.Mode != "" {
		if s.mode = gvisorModeOf(options.Mode); s.mode == nil {
			return nil, fmt.Errorf("%q is not a mode of gVisor sandboxes", options.Mode)
		}
	}
	if most := len(theGVisorBuild().points); s.options.Points < 2 || s.options.Points > most {
		return nil, fmt.Errorf("a gVisor sandbox cannot send %d points: 2 to %d are possible", s.options.Points, most)
	}
	if options.Pod != NoPod {
		number := mix(fleet.nextSeed())
		s.pod = podNames{name: "simulated-" + options.ID[:min(8, len(options.ID))], namespace: "default", uid: uuid(number)}
	}
	return s, s.start(false)
}

// ID is the sandbox's id.
func (s *GVisor) ID() string { return s.options.ID }

// Mode is in which way it is hostile, empty if it is honest.
func (s *GVisor) Mode() Mode { return s.options.Mode }

// Load is what has been asked of it, in all its lives.
func (s *GVisor) Load() Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	connections := 0
	if s.life != nil && s.life.server != nil {
		connections = s.life.server.connections()
	}
	return s.load.report(connections)
}

// SocketPath is where its control socket is.
func (s *GVisor) SocketPath() string {
	return filepath.Join(s.fleet.RuntimeRoot(), "runsc-"+s.options.ID+".sock")
}

// StatePath is where the state file of its root container is.
func (s *GVisor) StatePath() string {
	return filepath.Join(s.fleet.RuntimeRoot(), stateName(s.options.ID, s.options.ID)+".state")
}

// Restart deletes the sandbox and creates it again under the same id. Its
// numbers start anew.
func (s *GVisor) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.end(), s.begin(false))
}

// Restore deletes the sandbox and creates it again from a checkpoint, under the
// same id: its state file says that it is restored, and what that saved.
func (s *GVisor) Restore() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.end(), s.begin(true))
}

// Checkpoint marks the sandbox as checkpointed; it runs on.
func (s *GVisor) Checkpoint() error {
	return s.rewrite(func(state *stateFile) { state.Sandbox.Checkpointed = true })
}

// Stop ends the workload: the socket disappears, and the state file stays and
// says so.
func (s *GVisor) Stop() error {
	s.mu.Lock()
	if s.life != nil && s.life.server != nil {
		s.life.server.close()
	}
	s.mu.Unlock()
	return errors.Join(
		removeIfThere(s.SocketPath()),
		s.rewrite(func(state *stateFile) { state.Status, state.Sandbox.PID = "stopped", 0 }),
	)
}

func (s *GVisor) start(restored bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begin(restored)
}

// remove deletes the sandbox for good.
func (s *GVisor) remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = true
	return s.end()
}

// begin starts a life: first the socket, then the files, as runsc does.
func (s *GVisor) begin(restored bool) error {
	if s.removed {
		return errRemoved
	}
	life := &gvisorLife{sandbox: s, created: time.Now(), seed: s.fleet.nextSeed()}
	listener, err := listenUnix(s.SocketPath())
	if err != nil {
		return err
	}
	s.life = life
	if s.options.Mode == Refuse {
		_ = listener.Close()
	} else {
		life.server = newServer(listener, life.serve)
		life.server.start()
	}
	life.state = s.newState(life.created, restored)
	if err := s.writeStates(); err != nil {
		return errors.Join(err, s.end())
	}
	return nil
}

// end ends the life there is and removes all that is left of it.
func (s *GVisor) end() error {
	if s.life == nil {
		return nil
	}
	if s.life.server != nil {
		s.life.server.close()
	}
	s.life = nil
	if s.lock != nil {
		_ = s.lock.Close()
		s.lock = nil
	}
	failed := removeIfThere(s.SocketPath())
	for _, name := range s.stateNames() {
		failed = errors.Join(failed, removeState(s.fleet.RuntimeRoot(), name))
	}
	return failed
}

// rewrite changes the state file of the root container.
func (s *GVisor) rewrite(change func(*stateFile)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == nil {
		return errRemoved
	}
	if s.lock != nil {
		return fmt.Errorf("the state file of sandbox %s is locked", s.options.ID)
	}
	change(&s.life.state)
	return writeState(s.fleet.RuntimeRoot(), stateName(s.options.ID, s.options.ID), s.life.state.render())
}

// stateNames lists the state files: the root container's and one for each
// further container.
func (s *GVisor) stateNames() []string {
	names := []string{stateName(s.options.ID, s.options.ID)}
	for i := range s.options.Containers {
		names = append(names, stateName(s.containerID(i), s.options.ID))
	}
	return names
}

func (s *GVisor) containerID(i int) string { return fmt.Sprintf("%s-c%d", s.options.ID, i) }

// newState makes the state of the root container.
func (s *GVisor) newState(created time.Time, restored bool) stateFile {
	id := s.options.ID
	bundle := filepath.Join(s.fleet.RuntimeRoot(), "bundles", id)
	state := stateFile{
		ID: id, Spec: newStateSpec(bundle, annotations(s.options.Pod, s.pod, id, "")), BundleDir: bundle,
		CreatedAt: created.UTC(), Status: "running", GoferPID: os.Getpid(),
		Sandbox: stateSandbox{
			ID: id, PodName: s.pod.name, Namespace: s.pod.namespace, PID: os.Getpid(),
			MetricMetadata: map[string]string{
				"coretags": "false", "cpuarch": "amd64", "experiment": "", "fsmode": "directfs", "go": "go1.26.8",
				"network": "sandbox", "numcores": "2", "overlay": "root:self", "platform": "systrap", "version": "simulated",
			},
			MetricServerAddress: s.fleet.options.MetricServer,
			ControlSocketPath:   s.SocketPath(),
			StartTime:           created.Add(-5 * time.Millisecond).UTC(),
		},
		Saver: stateSaver{RootDir: s.fleet.RuntimeRoot(), ID: stateFullID{SandboxID: id, ContainerID: id}},
	}
	if s.options.Unregistered {
		state.Sandbox.MetricServerAddress = ""
	} else {
		mark := registrationMark
		state.Sandbox.RegisteredMetrics = &mark
	}
	if s.options.Mode == WrongPeer {
		state.Sandbox.PID = anotherProcess()
	}
	if restored {
		state.Sandbox.Restored = true
		state.Sandbox.CPUTimeSaved = 90 * time.Second
		state.Sandbox.WallTimeSaved = 10 * time.Minute
	}
	return state
}

// anotherProcess is a live process that is not this one.
func anotherProcess() int {
	if parent := os.Getppid(); parent > 0 {
		return parent
	}
	return 1
}

// writeStates writes all state files, and spoils them if that is the mode.
func (s *GVisor) writeStates() error {
	for i, name := range s.stateNames() {
		state := s.life.state
		if i > 0 {
			state.ID = s.containerID(i - 1)
			state.CreatedAt = state.CreatedAt.Add(time.Duration(i) * 150 * time.Millisecond)
			state.BundleDir = filepath.Join(filepath.Dir(state.BundleDir), state.ID)
			state.Spec = newStateSpec(state.BundleDir, annotations(s.options.Pod, s.pod, s.options.ID, fmt.Sprintf("app%d", i-1)))
			state.Saver.ID.ContainerID = state.ID
		}
		data := state.render()
		if s.options.Mode == HalfWritten {
			data = data[:len(data)/2]
		}
		if err := writeState(s.fleet.RuntimeRoot(), name, data); err != nil {
			return err
		}
	}
	if s.options.Mode != Locked {
		return nil
	}
	var err error
	s.lock, err = lockExclusively(filepath.Join(s.fleet.RuntimeRoot(), stateName(s.options.ID, s.options.ID)+".lock"))
	return err
}

// requestLimit bounds the bytes of one call.
const requestLimit = 64 << 10

// serve answers any number of calls on one connection.
func (l *gvisorLife) serve(conn *net.UnixConn) {
	buffer := make([]byte, 0, 512)
	for {
		end := valueEnd(buffer)
		if end == 0 {
			if len(buffer) == cap(buffer) {
				if cap(buffer) >= requestLimit {
					return
				}
				buffer = slices.Grow(buffer, cap(buffer))
			}
			n, err := conn.Read(buffer[len(buffer):cap(buffer)])
			if err != nil {
				return
			}
			buffer = buffer[:len(buffer)+n]
			continue
		}
		if !l.answer(conn, l.sandbox.fleet.requests.parse(buffer[:end])) {
			return
		}
		buffer = append(buffer[:0], buffer[end:]...)
	}
}

// answers are buffers that hold one answer each.
var answers = sync.Pool{New: func() any { return new([]byte) }}

// answer answers one call and tells whether to keep the connection.
func (l *gvisorLife) answer(conn *net.UnixConn, request *gvisorRequest) bool {
	s := l.sandbox
	now := time.Now()
	call := s.load.begin(now)
	defer call.land()
	scratch := answers.Get().(*[]byte)
	defer answers.Put(scratch)
	b := (*scratch)[:0]
	build := theGVisorBuild()
	switch {
	case request.refusal != "":
		b = appendRefusal(b, request.refusal)
		if request.method != methodExport {
			s.load.strange.Add(1)
		}
	case request.method == methodRegistered:
		b = append(b, `{"success":true,"err":"","result":{"RegisteredMetrics":`...)
		b = append(b, build.registration...)
		b = append(b, `}}`...)
	default:
		plan := snapshotPlan{when: now, elapsed: now.Sub(l.created), filter: request.filter, without: -1}
		if s.mode != nil && s.mode.lie != nil {
			s.mode.lie(&plan, s.load.calls.Load())
		}
		b = appendSnapshot(b, build.points[:s.options.Points], l.seed, &plan)
	}
	*scratch = b
	to := exchange{conn: conn, server: l.server, delay: s.options.Delay}
	if s.mode != nil && s.mode.send != nil {
		return s.mode.send(&to, b)
	}
	call.land()
	return to.write(b)
}
