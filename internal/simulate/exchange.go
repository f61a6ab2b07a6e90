package simulate

import (
	"net"
	"time"
)

// Exchange is one request on one connection of a [Server]. The methods that send
// return false once the connection or the server is closed, so that hostile
// modes can chain them with &&.
type Exchange struct {
	Conn   *net.UnixConn
	Server *Server
}

// Send writes data at once.
func (e *Exchange) Send(data []byte) bool {
	_, err := e.Conn.Write(data)
	return err == nil
}

// Trickle writes one byte every 20 ms.
func (e *Exchange) Trickle(data []byte) bool {
	for i := range data {
		if !e.Send(data[i:i+1]) || !e.Server.Pause(20*time.Millisecond) {
			return false
		}
	}
	return true
}

// Repeat writes a chunk the given number of times, endlessly if it is negative.
func (e *Exchange) Repeat(chunk []byte, times int) bool {
	for i := 0; times < 0 || i < times; i++ {
		if !e.Send(chunk) {
			return false
		}
	}
	return true
}

// Hold sends nothing until the client disconnects or the server closes.
func (e *Exchange) Hold() {
	var ignored [512]byte
	for {
		if _, err := e.Conn.Read(ignored[:]); err != nil {
			return
		}
	}
}
