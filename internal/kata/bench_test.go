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

// captureResponse returns the complete response of a simulated shim, including
// its head.
func captureResponse(b *testing.B) []byte {
	b.Helper()
	pod := addPod(b, newFleet(b), simkata.Options{})
	conn, err := net.Dial("unix", pod.SocketPath())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n"); err != nil {
		b.Fatal(err)
	}
	response, err := io.ReadAll(conn)
	if err != nil {
		b.Fatal(err)
	}
	return response
}

// BenchmarkPull pulls one shim of the Go runtime, from connecting to the complete
// reading. The result includes the server, which sends 50 KB from memory.
func BenchmarkPull(b *testing.B) {
	response := captureResponse(b)
	paths := newStoragePaths(b)
	directory := filepath.Join(paths.golang, "web-0")
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
				_, _ = conn.Write(response)
			}
			_ = conn.Close()
		}
	})
	defer serving.Wait()
	defer listener.Close()

	s := findOne(b, newConfig(paths))
	r := &sandbox.Reading{}
	b.SetBytes(int64(len(response)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if err := s.Pull(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		s.AppendInfo(r, true)
	}
	b.ReportMetric(float64(len(r.Points)), "points")
}
