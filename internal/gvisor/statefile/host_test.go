package statefile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, data string, annotations ...string) *State {
	t.Helper()
	state, err := Parse([]byte(data), annotations...)
	require.NoError(t, err, data)
	return state
}

func TestCgroup(t *testing.T) {
	const parents = `{"cpu":"/user.slice","memory":"/user.slice"}`
	for object, want := range map[string]string{
		`{"cgroupv1":{"name":"/docker/web","parents":null,"own":{"cpu":true}}}`:          "/docker/web",
		`{"cgroupv1":{"name":"/docker/web","parents":` + parents + `}}`:                  "/docker/web",
		`{"cgroupv1":{"parents":` + parents + `,"name":"a/web"}}`:                        "/user.slice/a/web",
		`{"cgroupv1":{"name":"web","parents":{"cpu":"/","memory":"/"}}}`:                 "/web",
		`{"cgroupv1":{"name":"web","parents":{"cpu":"/x","memory":"/","pids":"/"}}}`:     "",
		`{"cgroupv1":{"name":"web","parents":{"cpu":"/","memory":"/x","pids":"/"}}}`:     "",
		`{"cgroupv1":{"name":"web","parents":{"cpu":1}}}`:                                "",
		`{"cgroupv1":{"name":"web","parents":null}}`:                                     "",
		`{"cgroupv1":{"name":"web","parents":{` + manyParents(maxParents) + `}}}`:        "/x/web",
		`{"cgroupv1":{"name":"web","parents":{` + manyParents(maxParents+1) + `}}}`:      "",
		`{"cgroupv1":{"name":"","parents":` + parents + `}}`:                             "",
		`{"cgroupv1":{"name":"/` + longString + `"}}`:                                    "",
		`{"cgroupv1":{"name":"` + longString[:maxPath] + `","parents":` + parents + `}}`: "",
		`{"cgroupv1":null}`: "",
		`{"cgroupv2":{"mountpoint":"/sys/fs/cgroup","path":"docker/web","own":["x"]}}`: "docker/web",
		`{"cgroupsystemd":{"path":"system.slice/docker-web.scope","Name":"web","Parent":"system.slice",` +
			`"ScopePrefix":"docker"}}`: "system.slice/docker-web.scope",
		`{"cgroupunknown":null}`:           "",
		`{"cgroupv2":{"path":["x"]}}`:      "",
		`{"cgroupv3":{"path":"a secret"}}`: "",
		`null`:                             "",
		`"/docker/web"`:                    "",
	} {
		assert.Equal(t, want, parse(t, withSandbox(`{"id":"a","cgroup":`+object+`}`)).Sandbox.Cgroup, object)
	}
}

// manyParents returns n entries with the same parent.
func manyParents(n int) string {
	return strings.ReplaceAll(manyEntries(n), `""`, `"/x"`)
}

func TestResources(t *testing.T) {
	for object, want := range map[string]Resources{
		`{"cpu":{"quota":50000,"period":100000,"shares":512},"memory":{"limit":7,"swap":8},"pids":{"limit":9}}`: {
			CPUQuota: 50000, CPUPeriod: 100000, CPUShares: 512, Memory: 7, Processes: 9,
		},
		`{"cpu":{"quota":-1},"memory":{"limit":-1},"pids":{"limit":0}}`:        {},
		`{"memory":{"limit":9223372036854775807}}`:                             {Memory: 9223372036854775807},
		`{"memory":{"limit":9223372036854775808},"cpu":{"shares":"512"}}`:      {},
		`{"memory":{"limit":1.5},"cpu":{"quota":null,"period":[1]},"pids":[]}`: {},
		`{"cpu":null,"memory":"x","blockIO":{"weight":1}}`:                     {},
		`null`: {},
		`[]`:   {},
	} {
		assert.Equal(t, want, parse(t, withSpec(`{"linux":{"resources":`+object+`}}`)).Resources, object)
	}
}

func TestFilestore(t *testing.T) {
	const self = `[{"lower":1,"upper":2},{"lower":1,"upper":0}]`
	for name, test := range map[string]struct{ root, mounts, want string }{
		"self":                 {`{"path":"/b/rootfs"}`, self, "/b/rootfs/.gvisor.filestore.a"},
		"memory":               {`{"path":"/b/rootfs"}`, `[{"lower":1,"upper":1}]`, ""},
		"file without a path":  {`{"path":"/b/rootfs"}`, `[{"lower":1,"upper":3}]`, ""},
		"none":                 {`{"path":"/b/rootfs"}`, `[{"lower":1,"upper":0},{"lower":1,"upper":2}]`, ""},
		"no mounts":            {`{"path":"/b/rootfs"}`, `null`, ""},
		"mounts of other form": {`{"path":"/b/rootfs"}`, `[[2],{"upper":2}]`, ""},
		"no array":             {`{"path":"/b/rootfs"}`, `{"upper":2}`, ""},
		"relative root":        {`{"path":"rootfs"}`, self, ""},
		"root that leads out":  {`{"path":"/b/../rootfs"}`, self, ""},
		"root too long":        {`{"path":"/` + longString + `"}`, self, ""},
		"root of other form":   {`["/b/rootfs"]`, self, ""},
		"path of other form":   {`{"path":1}`, self, ""},
		"no root":              {`null`, self, ""},
	} {
		t.Run(name, func(t *testing.T) {
			data := strings.Replace(withSpec(`{"root":`+test.root+`}`), `"status"`, `"goferMountConfs":`+test.mounts+`,"status"`, 1)
			assert.Equal(t, test.want, parse(t, data).Filestore)
		})
	}
	assert.Empty(t, (&rootfs{path: "/b/rootfs", selfBacked: true}).filestore(""))
}
