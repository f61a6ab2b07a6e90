package control

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func BenchmarkPull(b *testing.B) {
	directory := b.TempDir()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(directory, "runsc-web.sock"), Net: "unix"})
	require.NoError(b, err)
	defer func() { _ = listener.Close() }()
	go func() {
		buffer := make([]byte, 1024)
		response := []byte(`{"success":true}`)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(buffer)
			_, _ = conn.Write(response)
			_ = conn.Close()
		}
	}()
	request := Export("")
	target := testTarget(directory)
	buffer := make([]byte, 1024)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		conn, err := Dial(ctx, target)
		if err != nil {
			b.Fatal(err)
		}
		err = conn.Call(request, func(source io.Reader) error {
			_, err := source.Read(buffer)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.Close()
	}
}
