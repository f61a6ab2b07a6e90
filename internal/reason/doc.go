// Package reason combines the reasons why candidates are not collected: those of all
// runtimes and those of the collection. docs/why-not-collected.md is generated
// from them. [Explain] lists the candidates of this host with the reason of each.
package reason
