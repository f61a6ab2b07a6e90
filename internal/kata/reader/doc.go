// Package reader turns what a Kata shim answers into a verified
// [sandbox.Reading].
package reader
