package urpc

import (
	"fmt"
	"io"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// maxQuotedError limits how many bytes of the sandbox's error text an error
// quotes.
const maxQuotedError = 200

var responseFields = jsonscan.NewFields("success", "err", "result")

const (
	fieldSuccess = iota
	fieldErr
	fieldResult
)

// Decode reads one response with a scanner that was reset to it. It calls
// readResult at most once, with the scanner positioned at the result, which
// readResult has to consume.
//
// The keys may come in any order, so the result can arrive before the response
// states whether the call succeeded; succeeded is false until then. Whatever
// readResult does, a failed call is an error in the end.
//
// The error is that of the scanner, or else a [*RemoteError]. [Outcome] maps
// both to an outcome.
func Decode(scanner *jsonscan.Scanner, readResult func(s *jsonscan.Scanner, succeeded bool)) error {
	var seen jsonscan.Seen
	succeeded, message := false, ""
	for scanner.OpenObject(); ; {
		field, more := scanner.NextField(responseFields, &seen)
		if !more {
			break
		}
		switch field {
		case fieldSuccess:
			succeeded = scanner.Bool()
		case fieldErr:
			text := scanner.String()
			message = string(text[:min(len(text), maxQuotedError)])
		case fieldResult:
			readResult(scanner, succeeded)
		}
	}
	scanner.End()
	if err := scanner.Err(); err != nil {
		return err
	}
	if !succeeded {
		return &RemoteError{Message: message, NoSuccess: !seen.Has(fieldSuccess)}
	}
	return nil
}

// DecodeResult decodes a response of at most limit bytes. It calls read, at most
// once, to read the result of a successful call.
//
// Every release of gVisor sends "success" before "result". In any other order
// the result is skipped, so that read never sees that of a failed call.
//
// The error is a [*sandbox.Failure].
func DecodeResult(source io.Reader, limit int64, read func(*jsonscan.Scanner)) error {
	var scanner jsonscan.Scanner
	scanner.ResetReader(source, jsonscan.Limits{Bytes: limit, Window: int(limit)})
	err := Decode(&scanner, func(s *jsonscan.Scanner, succeeded bool) {
		if succeeded {
			read(s)
		} else {
			s.Skip()
		}
	})
	if err != nil {
		return sandbox.Fail(Outcome(err), err)
	}
	return nil
}

// RemoteError is the error of a well-formed response to a call that failed.
type RemoteError struct {
	// Message is the beginning of the sandbox's error text.
	Message string
	// NoSuccess reports that the response does not state whether the call
	// succeeded. gVisor's own client treats that as a failed call.
	NoSuccess bool
}

func (e *RemoteError) Error() string {
	switch {
	case !e.NoSuccess:
		return fmt.Sprintf("sandbox returned an error: %q", e.Message)
	case e.Message == "":
		return "response does not state whether the call succeeded"
	}
	return fmt.Sprintf("response does not state whether the call succeeded: error %q", e.Message)
}
