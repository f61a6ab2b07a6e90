package kata

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// capture is the answer of a simulated shim, as it came over the wire.
func capture(b *testing.B) []byte {
	b.Helper()
	pod, err := newFleet(b).AddKata(simkata.Options{})
	if err != nil {
		b.Fatal(err)
	}
	conn, err := net.Dial("unix", pod.SocketPath())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n"); err != nil {
		b.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		b.Fatal(err)
	}
	return answer
}

// BenchmarkPull pulls one Go shim, from connecting to the finished reading. A
// server that sends 50 KB from memory is part of it.
func BenchmarkPull(b *testing.B) {
	answer := capture(b)
	p := newPlaces(b)
	directory := filepath.Join(p.golang, "web-0")
	write(b, filepath.Join(directory, "persist.json"), persistFile("web-0", "qemu", "web-0"))
	listener, err := net.Listen("unix", filepath.Join(directory, "shim-monitor.sock"))
	if err != nil {
		b.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = conn.Write(answer)
			}
			_ = conn.Close()
		}
	})
	defer serving.Wait()
	defer listener.Close()

	one := findOne(b, settings(p))
	r := &sandbox.Reading{}
	b.SetBytes(int64(len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if err := one.Pull(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		one.AppendInfo(r, true)
	}
	b.ReportMetric(float64(len(r.Points)), "points")
}
