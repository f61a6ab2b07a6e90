package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // the default compression of the exporter
	"google.golang.org/grpc/mem"
)

// exportSink is a server to which an exporter sends. It discards what it receives
// and counts the bytes, compressed and with the headers.
type exportSink struct {
	listener net.Listener
	received atomic.Int64
	close    func() error
}

// startExportSink starts the server for an exporter. Exporters that send nothing
// have none.
func startExportSink(exporter string) (*exportSink, error) {
	s := &exportSink{close: func() error { return nil }}
	if exporter != "otlp_grpc" && exporter != "prometheus_remote_write" {
		return s, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.listener = listener
	counted := countingListener{listener, &s.received}
	if exporter == "otlp_grpc" {
		server := grpc.NewServer(grpc.ForceServerCodecV2(discardCodec{}), grpc.UnknownServiceHandler(discardCall),
			grpc.MaxRecvMsgSize(maxPage))
		s.close = func() error { server.Stop(); return nil }
		go func() { _ = server.Serve(counted) }()
		return s, nil
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(discardWrite)}
	s.close = server.Close
	go func() { _ = server.Serve(counted) }()
	return s, nil
}

// address returns the address of the server, if there is one.
func (s *exportSink) address() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

func (s *exportSink) stop() error { return s.close() }

// discardWrite accepts a remote write request.
func discardWrite(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.WriteHeader(http.StatusNoContent)
}

// discardCall accepts a unary call and responds with an empty message, which means
// success in OTLP.
func discardCall(_ any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(nil); err != nil {
		return err
	}
	return stream.SendMsg(nil)
}

// discardCodec decodes and encodes messages without content.
type discardCodec struct{}

func (discardCodec) Name() string                             { return "proto" }
func (discardCodec) Marshal(any) (mem.BufferSlice, error)     { return nil, nil }
func (discardCodec) Unmarshal(_ mem.BufferSlice, _ any) error { return nil }

// countingListener counts the bytes that its connections receive.
type countingListener struct {
	net.Listener
	received *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countingConn{connection, l.received}, nil
}

type countingConn struct {
	net.Conn
	received *atomic.Int64
}

func (c countingConn) Read(buffer []byte) (int, error) {
	n, err := c.Conn.Read(buffer)
	c.received.Add(int64(n))
	return n, err
}

// freePorts returns different ports on which nothing listens.
func freePorts(count int) (ports []int, err error) {
	for range count {
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port on 127.0.0.1: %w", err)
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
