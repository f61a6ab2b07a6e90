package output

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestUnits(t *testing.T) {
	for age, want := range map[time.Duration]string{
		-time.Hour: "0s", 0: "0s", 119 * time.Second: "119s", 2 * time.Minute: "2m", time.Hour: "1h0m",
		25 * time.Hour: "1d1h", 9*day + 23*time.Hour: "9d23h", 10 * day: "10d", year: "365d", 2 * year: "2y",
	} {
		assert.Equal(t, want, FormatAge(age))
	}
	for seconds, want := range map[float64]string{0: "0.00s", 0.016: "0.02s", 59.99: "59.99s", 60: "1m0s", 754: "12m34s", 18725: "5h12m"} {
		assert.Equal(t, want, FormatCPU(seconds))
	}
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 150 << 20: "150 MiB", 1 << 62: "4.0 EiB",
	} {
		assert.Equal(t, want, FormatBytes(bytes))
	}
}
