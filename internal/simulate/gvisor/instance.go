package gvisor

import (
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// instance is one instance of a sandbox, from its creation to its deletion.
type instance struct {
	sandbox *Sandbox
	created time.Time
	seed    uint64
	server  *simulate.Server
	state   stateFile
}

// begin starts an instance: it creates the socket before the files, as runsc
// does. The caller holds the lock.
func (s *Sandbox) begin(restored bool) error {
	if s.removed {
		return errRemoved
	}
	i := &instance{sandbox: s, created: time.Now(), seed: s.root.Seeds.Next()}
	listener, err := simulate.Listen(s.SocketPath())
	if err != nil {
		return err
	}
	s.instance = i
	if s.options.Mode == Refuse {
		_ = listener.Close()
	} else {
		i.server = simulate.NewServer(listener, i.serve)
		i.server.Start()
	}
	i.state = s.newState(i.created, restored)
	if err := errors.Join(s.writeCgroup(), s.writeStates()); err != nil {
		return errors.Join(err, s.end())
	}
	return nil
}

// end stops the current instance, if there is one, and removes its files. The
// caller holds the lock.
func (s *Sandbox) end() error {
	if s.instance == nil {
		return nil
	}
	s.instance.server.Close()
	s.instance = nil
	if s.lock != nil {
		_ = s.lock.Close()
		s.lock = nil
	}
	failed := errors.Join(removeIfPresent(s.SocketPath()), s.root.Cgroups.Remove(s.cgroup()))
	for _, name := range s.stateNames() {
		failed = errors.Join(failed, removeState(s.root.Directory, name))
	}
	return failed
}

// maxRequestSize limits the size of one request.
const maxRequestSize = 64 << 10

// serve responds to any number of requests on one connection.
func (i *instance) serve(conn *net.UnixConn) {
	buffer := make([]byte, 0, 512)
	for {
		end := objectEnd(buffer)
		if end == 0 {
			if len(buffer) == cap(buffer) {
				if cap(buffer) >= maxRequestSize {
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
		if !i.respond(conn, i.sandbox.root.requests.parse(buffer[:end])) {
			return
		}
		buffer = append(buffer[:0], buffer[end:]...)
	}
}

// responses is a pool of buffers for one response each.
var responses = sync.Pool{New: func() any { return new([]byte) }}

// respond responds to one request and reports whether to keep the connection.
func (i *instance) respond(conn *net.UnixConn, request *request) bool {
	s := i.sandbox
	call := s.load.Begin(time.Now())
	defer call.End()
	if !i.awaitResume() {
		return false
	}
	now := time.Now()
	scratch := responses.Get().(*[]byte)
	defer responses.Put(scratch)
	b := (*scratch)[:0]
	build := buildOf(s.mode)
	switch {
	case request.errorText != "":
		b = appendError(b, request.errorText)
		if request.method != methodExport {
			s.load.AddForbidden()
		}
	case request.method == methodRegistered:
		b = append(b, registrationHead...)
		b = append(b, build.registration...)
		b = append(b, `}}`...)
	case request.forUsage():
		b = i.appendUsage(b, request, now)
	default:
		plan := snapshotPlan{when: now, elapsed: now.Sub(i.created), filter: request.filter, without: -1}
		points := build.points
		if build == theBuild() {
			points = points[:s.options.Points]
		} else if plan.filter != nil {
			plan.filter = newFilter(plan.filter.expression, build)
		}
		if s.mode != nil && s.mode.alter != nil {
			s.mode.alter(&plan, s.exports.Add(1))
		}
		b = appendSnapshot(b, points, i.seed, &plan)
	}
	*scratch = b
	to := exchange{Exchange: simulate.Exchange{Conn: conn, Server: i.server}, delay: s.options.Delay}
	if s.mode != nil && s.mode.register != nil && request.method == methodRegistered {
		return s.mode.register(&to, s.options.ID)
	}
	if s.mode != nil && s.mode.sendUsage != nil && request.forUsage() {
		return s.mode.sendUsage(&to, b)
	}
	if s.mode != nil && s.mode.send != nil {
		return s.mode.send(&to, b)
	}
	call.End()
	return to.Send(b)
}
