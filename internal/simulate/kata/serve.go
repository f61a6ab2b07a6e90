package kata

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// crashesOnRequest reports whether a request for metrics crashes the shim.
func (p *Pod) crashesOnRequest() bool {
	return p.options.Rust && (p.options.Hypervisor == "qemu" || p.options.Hypervisor == "firecracker")
}

// serve responds to any number of requests on one connection.
func (p *Pod) serve(conn *net.UnixConn) {
	reader := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_ = request.Body.Close()
		if !p.respond(conn, request) || request.Close {
			return
		}
	}
}

// respond responds to one request and reports whether to keep the connection.
func (p *Pod) respond(conn *net.UnixConn, request *http.Request) bool {
	now := time.Now()
	call := p.load.Begin(now)
	defer call.End()
	to := &exchange{Exchange: simulate.Exchange{Conn: conn, Server: p.server}, pod: p, rust: p.options.Rust}
	switch path := request.URL.Path; {
	case path == "/agent-url":
		return to.sendShort(http.StatusOK, agentURL)
	case path != "/metrics", to.rust && request.Method != http.MethodGet:
		p.load.AddForbidden()
		if to.rust {
			return to.sendShort(http.StatusNotFound, "URL NOT FOUND")
		}
		return to.sendShort(http.StatusNotFound, "404 page not found\n")
	}
	if p.crashesOnRequest() {
		p.crashed.Store(true)
		p.server.Stop()
		return false
	}
	body := partsPool.Get().(*parts)
	defer partsPool.Put(body)
	if err := body.fill(p, now.Sub(p.created)); err != nil {
		return to.sendShort(http.StatusInternalServerError, err.Error())
	}
	if p.mode != nil && p.mode.send != nil {
		return p.mode.send(to, body)
	}
	call.End()
	return to.sendWhole(body)
}

// exchange is one request on one connection.
type exchange struct {
	simulate.Exchange
	pod  *Pod
	rust bool
	// chunks buffers the body of a chunked response, wire what is sent.
	chunks, wire *bufio.Writer
}

// sendShort sends a response with a status and a short body.
func (e *exchange) sendShort(status int, body string) bool {
	format := "HTTP/1.1 %[1]d %[2]s\r\nDate: %[3]s\r\nContent-Length: %[4]d\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%[5]s"
	if e.rust {
		format = "HTTP/1.1 %[1]d %[2]s\r\ncontent-length: %[4]d\r\ndate: %[3]s\r\n\r\n%[5]s"
	}
	return e.Send(fmt.Appendf(nil, format, status, http.StatusText(status), date(), len(body), body))
}

func date() string { return time.Now().UTC().Format(http.TimeFormat) }

// rustHead returns the header of a response of runtime-rs: it has a length and
// no content type.
func rustHead(length int64) []byte {
	b := append([]byte(nil), "HTTP/1.1 200 OK\r\ncontent-length: "...)
	b = strconv.AppendInt(b, length, 10)
	b = append(b, "\r\ndate: "...)
	b = append(b, date()...)
	return append(b, "\r\n\r\n"...)
}

// beginChunked starts a chunked response as Go's HTTP server sends it: pieces of
// 2 KB become chunks, and the chunks are written 4 KB at a time. If the handler
// hangs, the client never receives what is still in these buffers.
func (e *exchange) beginChunked(w io.Writer) {
	e.wire = bufio.NewWriterSize(w, 4<<10)
	_, _ = e.wire.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Date: " + date() + "\r\nTransfer-Encoding: chunked\r\n\r\n")
	e.chunks = bufio.NewWriterSize(httputil.NewChunkedWriter(e.wire), 2<<10)
}

// writeChunked adds to the body, in small pieces as an encoder does.
func (e *exchange) writeChunked(data []byte) bool {
	for len(data) > 0 {
		n := min(len(data), 512)
		if _, err := e.chunks.Write(data[:n]); err != nil {
			return false
		}
		data = data[n:]
	}
	return true
}

// endChunked flushes both buffers and sends the last chunk.
func (e *exchange) endChunked() bool {
	if e.chunks.Flush() != nil {
		return false
	}
	_, err := e.wire.WriteString("0\r\n\r\n")
	return err == nil && e.wire.Flush() == nil
}

// sendWhole sends an honest response.
func (e *exchange) sendWhole(body *parts) bool {
	if e.rust {
		return e.Send(rustHead(int64(len(body.guest)+len(body.host)))) && e.Send(body.guest) && e.Send(body.host)
	}
	e.beginChunked(e.Conn)
	return e.writeChunked(body.host) && e.writeChunked(body.guest) && e.endChunked()
}

// whole returns all bytes of an honest response.
func (e *exchange) whole(body *parts) []byte {
	if e.rust {
		return append(append(rustHead(int64(len(body.guest)+len(body.host))), body.guest...), body.host...)
	}
	var b bytes.Buffer
	e.beginChunked(&b)
	_ = e.writeChunked(body.host) && e.writeChunked(body.guest) && e.endChunked()
	return b.Bytes()
}
