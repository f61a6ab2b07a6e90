// Package doctor checks whether a host lets the receiver discover sandboxes and read
// their metrics: the directories of the runtimes, the rights of the user, the PID
// namespace, cgroups and limits of the kernel. Each check has its own function, which
// reads files only, below a root that tests replace.
//
// The checks run as the user of the command. Their result applies to the Collector if it
// runs as the same user, in the same container and with the same capabilities.
package doctor
