package output

import (
	"fmt"
	"strconv"
	"time"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// FormatAge returns an age with at most two units: 45s, 12m, 3h20m, 5d4h, 120d, 2y. The
// clock may have been set back since the start.
func FormatAge(age time.Duration) string {
	switch {
	case age < 0:
		return "0s"
	case age < 2*time.Minute:
		return fmt.Sprintf("%ds", age/time.Second)
	case age < time.Hour:
		return fmt.Sprintf("%dm", age/time.Minute)
	case age < day:
		return fmt.Sprintf("%dh%dm", age/time.Hour, age%time.Hour/time.Minute)
	case age < 10*day:
		return fmt.Sprintf("%dd%dh", age/day, age%day/time.Hour)
	case age < 2*year:
		return fmt.Sprintf("%dd", age/day)
	}
	return fmt.Sprintf("%dy", age/year)
}

// FormatCPU returns CPU time in seconds, or in minutes and seconds, or in hours and
// minutes: 0.42s, 12m30s, 5h12m.
func FormatCPU(seconds float64) string {
	duration := time.Duration(seconds * float64(time.Second))
	switch {
	case duration < time.Minute:
		return strconv.FormatFloat(seconds, 'f', 2, 64) + "s"
	case duration < time.Hour:
		return fmt.Sprintf("%dm%ds", duration/time.Minute, duration%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%dm", duration/time.Hour, duration%time.Hour/time.Minute)
}

// FormatBytes returns a number of bytes with a binary unit: 22.5 MiB.
func FormatBytes(bytes int64) string {
	if bytes < 1<<10 {
		return fmt.Sprintf("%d B", bytes)
	}
	value, unit := float64(bytes)/(1<<10), 0
	const units = "KMGTPE"
	for value >= 1<<10 && unit < len(units)-1 {
		value, unit = value/(1<<10), unit+1
	}
	precision := 1
	if value >= 100 {
		precision = 0
	}
	return fmt.Sprintf("%.*f %ciB", precision, value, units[unit])
}
