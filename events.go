package sandboxreceiver

import (
	"reflect"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
)

// enabledEvents returns the enabled events. Reflection makes metadata.yaml the only
// list of options; it is used only while the receiver starts.
func enabledEvents(events *metadata.EventsConfig) map[lifecycle.Name]bool {
	enabled := map[lifecycle.Name]bool{}
	all := reflect.ValueOf(events).Elem()
	for i := range all.NumField() {
		name := all.Type().Field(i).Tag.Get("mapstructure")
		enabled[lifecycle.Name(name)] = all.Field(i).Interface().(metadata.EventConfig).Enabled
	}
	return enabled
}
