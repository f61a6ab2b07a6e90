// Package top is a live table of sandboxes in a terminal.
//
// It uses Bubble Tea (charm.land/bubbletea), because its programs consist of a model, a
// function that changes it and one that renders it as a text: tests check both without a
// terminal, with a fixed size and clock. Alternatives such as tview keep the state in
// widgets, which only exist on a screen.
package top
