// Package output writes what commands print: tables for people, and JSON and YAML for
// scripts. Everything that comes from the host is escaped in tables, so that it cannot
// control the terminal.
package output
