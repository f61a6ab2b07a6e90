package control

import (
	"errors"
	"io"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// longestRefusal is how much of the sandbox's own words an error repeats.
const longestRefusal = 200

var answerFields = jsonscan.NewFields("success", "err", "result")

// DecodeResult decodes an answer of at most limit bytes. It calls read, at most
// once, to read the result of a successful call.
func DecodeResult(source io.Reader, limit int64, read func(*jsonscan.Scanner)) error {
	var scanner jsonscan.Scanner
	scanner.ResetReader(source, jsonscan.Limits{Bytes: limit, Window: int(limit)})
	var seen jsonscan.Seen
	success := false
	refusal := ""
	scanner.OpenObject()
	for {
		field, more := scanner.NextField(answerFields, &seen)
		if !more {
			break
		}
		switch field {
		case 0:
			success = scanner.Bool()
		case 1:
			text := scanner.String()
			refusal = string(text[:min(len(text), longestRefusal)])
		case 2:
			// A sandbox that says first whether it was a success, as all do, is
			// believed; with any other order nothing is read.
			if success {
				read(&scanner)
			} else {
				scanner.Skip()
			}
		}
	}
	scanner.End()
	switch err := scanner.Err(); {
	case err != nil:
		return sandbox.Fail(outcome(err), err)
	case !success:
		return sandbox.Failf(sandbox.Refused, "the sandbox answered: %q", refusal)
	}
	return nil
}

// outcome tells what an error of the scanner means for a call.
func outcome(err error) sandbox.Outcome {
	for _, limit := range []error{jsonscan.ErrInputSize, jsonscan.ErrTokenSize, jsonscan.ErrDepth} {
		if errors.Is(err, limit) {
			return sandbox.Oversize
		}
	}
	return sandbox.Malformed
}
