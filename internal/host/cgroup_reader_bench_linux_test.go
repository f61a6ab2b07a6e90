package host

import (
	"testing"
)

// defaultFigures are those that a receiver reads by default.
const defaultFigures = FigureCPU | FigureThrottled | FigureCPULimit | FigureMemory | FigureWorkingSet |
	FigureMemoryLimit | FigureOOMKills | FigureProcesses

func BenchmarkCgroupReader(b *testing.B) {
	for name, test := range map[string]struct {
		files map[string]string
		path  string
	}{
		"version 1": {readerFilesV1, "/kubepods/burstable/pod1"},
		"version 2": {readerFilesV2, "kubepods-burstable-pod1.slice:cri:1"},
	} {
		for set, figures := range map[string]Figures{
			"default": defaultFigures, "default without limits": defaultFigures &^ limitFigures, "all": allFigures,
		} {
			b.Run(name+"/"+set, func(b *testing.B) {
				reader, err := writeCgroups(b, test.files).Layout().Reader(test.path)
				if err != nil {
					b.Fatal(err)
				}
				var usage CgroupUsage
				b.ReportAllocs()
				for b.Loop() {
					if err := reader.Read(figures, &usage); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
