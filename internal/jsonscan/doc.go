// Package jsonscan is a pull scanner for JSON (RFC 8259) from untrusted
// sources. It reads one value at a time, builds no tree, allocates nothing but
// its window and a buffer for unescaped strings, and enforces limits on the size
// of the input, on nesting and on the length of each token.
//
// The standard library does not bound what a hostile sender makes it buffer:
// encoding/json and encoding/json/jsontext, which is experimental and needs
// GOEXPERIMENT=jsonv2, buffer at least whole tokens of any length and accept
// 10,000 levels of nesting. This package checks its limits before it buffers
// more, so the memory to read a stream depends on [Limits.Window] and not on the
// input.
//
// The caller requests the values it expects and checks the error once, at the
// end: after the first error, every call does nothing and returns zero values.
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
// Keys, strings and raw values are slices of the scanner's memory and valid only
// until the next call, unless an anchor is set: what has been read since
// [Scanner.Anchor] remains valid until [Scanner.Release]. With
// [Scanner.ResetBytes], slices without escapes point into the caller's data.
//
// # Reading from a connection
//
// [Scanner.ResetReader] reads the input through a sliding window, so that even
// an endless response uses bounded memory. The scanner calls Read only if it
// cannot continue otherwise: it makes no call once the value is complete, and
// [Scanner.End] checks only bytes that have already arrived.
//
// # Differences from encoding/json
//
// Both accept the same input and return the same values, except that this
// package rejects everything beyond its [Limits], and rejects invalid UTF-8 and
// lone surrogates, which encoding/json replaces with U+FFFD. Like encoding/json,
// it accepts duplicate keys in an object; [Scanner.NextField] rejects them.
package jsonscan
