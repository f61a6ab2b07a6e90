// Package jsonscan reads JSON (RFC 8259) that may be hostile: one value at a
// time, without building a tree, without allocating, and within limits on
// bytes, nesting and the length of each token.
//
// The caller pulls what it expects and looks at the error once, at the end:
// after the first error every call does nothing and yields zero values.
//
//	s.ResetBytes(data, jsonscan.Limits{})
//	for s.OpenObject(); ; {
//		key, more := s.NextKey()
//		if !more {
//			break
//		}
//		switch string(key) {
//		case "id":
//			id = string(s.String())
//		case "pids":
//			for s.OpenArray(); s.NextElement(); {
//				pids = append(pids, s.Int64())
//			}
//		default:
//			s.Skip()
//		}
//	}
//	s.End()
//	return s.Err()
//
// # Slices
//
// Keys, strings and raw values are slices of the scanner's own memory and hold
// only until the next call, unless an anchor is set: what was read since
// [Scanner.Anchor] stays as it is until [Scanner.Release]. With
// [Scanner.ResetBytes] slices without escapes point into the caller's data.
//
// # Reading from a connection
//
// [Scanner.ResetReader] looks at the input through a window that slides along,
// so an endless answer costs the window and not memory. It never reads beyond
// what it needs to go on: once a value is complete, no further call to Read is
// made, and [Scanner.End] looks only at bytes that have already arrived.
//
// # What is stricter than encoding/json
//
// Both take the same values for the same input, except that this package
// refuses invalid UTF-8 and lone surrogates, where encoding/json puts U+FFFD,
// and everything beyond its [Limits]. Like encoding/json, it leaves it to the
// caller whether an object may have the same key twice; [Scanner.NextField]
// refuses that.
package jsonscan
