package simulate

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// KataOptions says what a simulated Kata pod is like. The zero value is an
// honest one of the Go runtime, with QEMU, made by containerd.
type KataOptions struct {
	// ID is the sandbox's id; by default one is made up.
	ID string
	// Mode makes it hostile.
	Mode Mode
	// Rust pods run on runtime-rs instead of the Go runtime.
	Rust bool
	// Hypervisor is the hypervisor's name; by default qemu for the Go runtime
	// and dragonball for runtime-rs. The shims of runtime-rs with qemu or
	// firecracker die when they are asked for metrics, as the real ones do.
	Hypervisor string
	// Pod says who made the pod; containerd by default.
	Pod PodStyle
	// NoGuest pods answer with the host part only, as confidential ones do.
	NoGuest bool
	// Booting pods of runtime-rs have a socket and no state file yet.
	Booting bool
	// Steady pods are left alone by churn.
	Steady bool
}

// Kata is one simulated Kata pod: its directory and its shim. All its methods
// may be called at any time, from any goroutine.
type Kata struct {
	fleet     *Fleet
	options   KataOptions
	mode      *kataMode
	pod       podNames
	directory string
	created   time.Time
	seed      uint64
	load      load
	aborted   atomic.Bool

	mu     sync.Mutex
	server *server
}

func newKata(fleet *Fleet, options KataOptions) (*Kata, error) {
	if options.Hypervisor == "" {
		options.Hypervisor = "qemu"
		if options.Rust {
			options.Hypervisor = "dragonball"
		}
	}
	if options.Pod == NoPod {
		options.Pod = Containerd
	}
	k := &Kata{fleet: fleet, options: options, created: time.Now(), seed: fleet.nextSeed()}
	if options.Mode != "" {
		if k.mode = kataModeOf(options.Mode); k.mode == nil {
			return nil, fmt.Errorf("%q is not a mode of Kata pods", options.Mode)
		}
	}
	k.pod = podNames{name: "simulated-" + options.ID[:min(8, len(options.ID))], namespace: "default", uid: uuid(k.seed)}
	if err := k.begin(); err != nil {
		return nil, errors.Join(err, k.remove())
	}
	return k, nil
}

// ID is the sandbox's id, the name of its directory.
func (k *Kata) ID() string { return k.options.ID }

// Mode is in which way it is hostile, empty if it is honest.
func (k *Kata) Mode() Mode { return k.options.Mode }

// PodName is the name of the pod, as the runtime's files have it.
func (k *Kata) PodName() string { return k.pod.name }

// SocketPath is where its shim listens.
func (k *Kata) SocketPath() string { return filepath.Join(k.directory, "shim-monitor.sock") }

// Aborted tells whether the shim has died, and the pod with it, because it was
// asked for metrics.
func (k *Kata) Aborted() bool { return k.aborted.Load() }

// Load is what has been asked of it.
func (k *Kata) Load() Load {
	k.mu.Lock()
	defer k.mu.Unlock()
	connections := 0
	if k.server != nil {
		connections = k.server.connections()
	}
	return k.load.report(connections)
}

// FinishBooting writes the state file of a pod that was made booting.
func (k *Kata) FinishBooting() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.writeRustState()
}

func (k *Kata) begin() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	parent, directoryMode, socketMode := k.fleet.goPath, os.FileMode(0o700), os.FileMode(0o600)
	if k.options.Rust {
		parent, directoryMode, socketMode = k.fleet.rustPath, 0o755, 0o755
	}
	directory := filepath.Join(parent, k.options.ID)
	if err := os.Mkdir(directory, directoryMode); err != nil {
		return err
	}
	k.directory = directory
	// The Go runtime writes its files before the socket appears, runtime-rs
	// afterwards.
	if !k.options.Rust {
		if err := k.writeFiles(); err != nil {
			return err
		}
	}
	listener, err := listenUnix(k.SocketPath())
	if err != nil {
		return err
	}
	if k.options.Mode == KataRefuse {
		_ = listener.Close()
	} else {
		k.server = newServer(listener, k.serve)
		k.server.start()
	}
	if err := os.Chmod(k.SocketPath(), socketMode); err != nil {
		return err
	}
	if k.options.Rust {
		return k.writeFiles()
	}
	return nil
}

// remove deletes the pod and its directory.
func (k *Kata) remove() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.server != nil {
		k.server.close()
	}
	if k.directory == "" {
		return nil
	}
	return os.RemoveAll(k.directory)
}

// deadly tells whether asking for metrics kills the shim.
func (k *Kata) deadly() bool {
	return k.options.Rust && (k.options.Hypervisor == "qemu" || k.options.Hypervisor == "firecracker")
}

// serve answers any number of requests on one connection.
func (k *Kata) serve(conn *net.UnixConn) {
	reader := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_ = request.Body.Close()
		if !k.answer(conn, request) || request.Close {
			return
		}
	}
}

// answer answers one request and tells whether to keep the connection.
func (k *Kata) answer(conn *net.UnixConn, request *http.Request) bool {
	now := time.Now()
	call := k.load.begin(now)
	defer call.land()
	to := &kataExchange{exchange: exchange{conn: conn, server: k.server}, rust: k.options.Rust}
	switch path := request.URL.Path; {
	case path == "/agent-url":
		return to.write(plainAnswer(to.rust, http.StatusOK, agentURL))
	case path != "/metrics", k.options.Rust && request.Method != http.MethodGet:
		k.load.strange.Add(1)
		if to.rust {
			return to.write(plainAnswer(true, http.StatusNotFound, "URL NOT FOUND"))
		}
		return to.write(plainAnswer(false, http.StatusNotFound, "404 page not found\n"))
	}
	if k.deadly() {
		k.aborted.Store(true)
		k.server.stop()
		return false
	}
	parts := kataBuffers.Get().(*kataParts)
	defer kataBuffers.Put(parts)
	if err := parts.fill(k, now.Sub(k.created)); err != nil {
		return to.write(plainAnswer(to.rust, http.StatusInternalServerError, err.Error()))
	}
	if k.mode != nil && k.mode.answer != nil {
		return k.mode.answer(to, parts)
	}
	call.land()
	return to.writeWhole(parts)
}

// plainAnswer is a short answer.
func plainAnswer(rust bool, status int, body string) []byte {
	if rust {
		return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\ncontent-length: %d\r\ndate: %s\r\n\r\n%s", status, http.StatusText(status), len(body), date(), body)
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %d\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s", status, http.StatusText(status), date(), len(body), body)
}

func date() string { return time.Now().UTC().Format(http.TimeFormat) }

// rustHead is what runtime-rs sends before a body: a length, no content type.
func rustHead(length int64) []byte {
	b := append([]byte(nil), "HTTP/1.1 200 OK\r\ncontent-length: "...)
	b = strconv.AppendInt(b, length, 10)
	b = append(b, "\r\ndate: "...)
	b = append(b, date()...)
	return append(b, "\r\n\r\n"...)
}

// kataExchange is one request on one connection.
type kataExchange struct {
	exchange
	rust bool
	// whole, if not nil, gathers what would be sent.
	chunks *bufio.Writer
	wire   *bufio.Writer
}

// beginChunked starts a chunked answer as Go's HTTP server sends it: pieces of
// 2 KB become chunks, and the connection sees them 4 KB at a time. What is
// still in between when the sender hangs, the receiver never gets.
func (e *kataExchange) beginChunked() { e.beginChunkedOn(e.conn) }

func (e *kataExchange) beginChunkedOn(w interface{ Write([]byte) (int, error) }) {
	e.wire = bufio.NewWriterSize(w, 4<<10)
	_, _ = e.wire.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: " + date() + "\r\nTransfer-Encoding: chunked\r\n\r\n")
	e.chunks = bufio.NewWriterSize(httputil.NewChunkedWriter(e.wire), 2<<10)
}

// writeChunked adds to the body, in small pieces as an encoder does.
func (e *kataExchange) writeChunked(data []byte) bool {
	for len(data) > 0 {
		n := min(len(data), 512)
		if _, err := e.chunks.Write(data[:n]); err != nil {
			return false
		}
		data = data[n:]
	}
	return true
}

// endChunked sends all that was held back, and the mark of the end.
func (e *kataExchange) endChunked() bool {
	if e.chunks.Flush() != nil {
		return false
	}
	_, err := e.wire.WriteString("0\r\n\r\n")
	return err == nil && e.wire.Flush() == nil
}

// writeWhole sends an honest answer.
func (e *kataExchange) writeWhole(parts *kataParts) bool {
	if e.rust {
		return e.write(rustHead(int64(len(parts.guest)+len(parts.host)))) && e.write(parts.guest) && e.write(parts.host)
	}
	e.beginChunked()
	return e.writeChunked(parts.host) && e.writeChunked(parts.guest) && e.endChunked()
}

// wholeAnswer is all that an honest answer sends.
func (e *kataExchange) wholeAnswer(parts *kataParts) []byte {
	if e.rust {
		return append(append(rustHead(int64(len(parts.guest)+len(parts.host))), parts.guest...), parts.host...)
	}
	var whole gathered
	e.beginChunkedOn(&whole)
	_ = e.writeChunked(parts.host) && e.writeChunked(parts.guest) && e.endChunked()
	return whole
}

// gathered collects bytes.
type gathered []byte

func (g *gathered) Write(p []byte) (int, error) {
	*g = append(*g, p...)
	return len(p), nil
}
