package manifests

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const (
	repository = "../.."
	daemonSet  = "DaemonSet/otelcol-sandbox"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The pods have the rights that the receiver needs, and no others.
func TestDaemonSetRights(t *testing.T) {
	spec := get[*appsv1.DaemonSet](t, build(t, filepath.Join(repository, "deploy/kubernetes")), daemonSet).Spec.Template.Spec
	if !spec.HostPID || spec.HostNetwork || spec.HostIPC {
		t.Error("of the namespaces of the host, the pods must share only that of processes")
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken || spec.ServiceAccountName != "" {
		t.Error("the pods must have no access to the Kubernetes API")
	}
	checkContainer(t, spec.Containers[0])
	paths := map[string]bool{}
	for _, volume := range spec.Volumes {
		if volume.HostPath != nil {
			paths[volume.HostPath.Path] = true
		}
	}
	want := map[string]bool{"/run/containerd/runsc": true, "/run/vc/sbs": true, "/run/kata": true, "/sys/fs/cgroup": true}
	if !reflect.DeepEqual(paths, want) {
		t.Errorf("paths of the host are %v, want %v", paths, want)
	}
}

func checkContainer(t *testing.T, c corev1.Container) {
	t.Helper()
	rights := c.SecurityContext
	if *rights.RunAsUser != 0 || *rights.Privileged || *rights.AllowPrivilegeEscalation || !*rights.ReadOnlyRootFilesystem {
		t.Error("the container must run as root, and nothing else must be privileged or writable")
	}
	if caps := rights.Capabilities; len(caps.Add) != 0 || len(caps.Drop) != 1 || caps.Drop[0] != "ALL" {
		t.Errorf("capabilities are %v, want none", caps)
	}
	if rights.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("the container has no seccomp profile")
	}
	for _, mount := range c.VolumeMounts {
		if !mount.ReadOnly {
			t.Errorf("%s is writable", mount.MountPath)
		}
	}
	if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
		t.Error("the container has no limits or requests")
	}
}

// Objects refer to each other by the names that kustomize generates.
func TestConfigMapIsExample(t *testing.T) {
	objects := build(t, filepath.Join(repository, "deploy/kubernetes"))
	config := get[*corev1.ConfigMap](t, objects, "ConfigMap/otelcol-sandbox")
	if config.Data["config.yaml"] != readFile(t, "examples/kubernetes/config/config.yaml") {
		t.Error("the ConfigMap differs from the example")
	}
	set := get[*appsv1.DaemonSet](t, objects, daemonSet)
	found := false
	for _, volume := range set.Spec.Template.Spec.Volumes {
		found = found || volume.ConfigMap != nil && volume.ConfigMap.Name == config.Name
	}
	if !found {
		t.Errorf("the DaemonSet does not mount %s", config.Name)
	}
	image := set.Spec.Template.Spec.Containers[0].Image
	version := strings.TrimPrefix(image, "otelcol-sandbox:")
	if !strings.Contains(readFile(t, "Makefile"), "\nVERSION ?= "+version+"\n") {
		t.Errorf("image is %s, want the version of the Makefile", image)
	}
	if labels := set.Spec.Selector.MatchLabels; len(labels) == 0 || !reflect.DeepEqual(labels, set.Spec.Template.Labels) {
		t.Errorf("the selector %v does not match the pods", labels)
	}
}

// The example is the DaemonSet, with a gateway and a sandbox.
func TestExample(t *testing.T) {
	objects := build(t, filepath.Join(repository, "examples/kubernetes"))
	get[*appsv1.DaemonSet](t, objects, daemonSet)
	get[*corev1.Namespace](t, objects, "Namespace/sandbox-telemetry")
	service := get[*corev1.Service](t, objects, "Service/gateway")
	gateway := get[*appsv1.Deployment](t, objects, "Deployment/gateway")
	if !reflect.DeepEqual(service.Spec.Selector, gateway.Spec.Template.Labels) {
		t.Error("the service does not select the gateway")
	}
	endpoint := service.Name + "." + service.Namespace + ".svc:4317"
	if !strings.Contains(readFile(t, "examples/kubernetes/config/config.yaml"), endpoint) {
		t.Errorf("the agents do not send to %s", endpoint)
	}
	workload := get[*appsv1.Deployment](t, objects, "Deployment/workload")
	if class := workload.Spec.Template.Spec.RuntimeClassName; class == nil || *class != "gvisor" {
		t.Error("the workload is not a sandbox")
	}
}

// helmValues are the values of the chart that become parts of the pod.
type helmValues struct {
	HostPID        bool                 `json:"hostPID"`
	Image          struct{ Tag string } `json:"image"`
	ServiceAccount struct {
		Automount *bool `json:"automountServiceAccountToken"`
	} `json:"serviceAccount"`
	Envs      []corev1.EnvVar             `json:"extraEnvs"`
	Resources corev1.ResourceRequirements `json:"resources"`
	Rights    *corev1.SecurityContext     `json:"securityContext"`
	Mounts    []corev1.VolumeMount        `json:"extraVolumeMounts"`
	Volumes   []corev1.Volume             `json:"extraVolumes"`
	Config    map[string]any              `json:"alternateConfig"`
}

// The Helm values result in the same pods as the manifests.
func TestHelmValues(t *testing.T) {
	var values helmValues
	if err := yaml.Unmarshal([]byte(readFile(t, "deploy/helm/values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	pod := get[*appsv1.DaemonSet](t, build(t, filepath.Join(repository, "deploy/kubernetes")), daemonSet).Spec.Template.Spec
	container := pod.Containers[0]
	if !values.HostPID || values.ServiceAccount.Automount == nil || *values.ServiceAccount.Automount {
		t.Error("the pods must share the processes of the host, and have no access to the Kubernetes API")
	}
	if !reflect.DeepEqual(values.Rights, container.SecurityContext) {
		t.Errorf("security context is %v, want %v", values.Rights, container.SecurityContext)
	}
	if !reflect.DeepEqual(values.Resources, container.Resources) {
		t.Errorf("resources are %v, want %v", values.Resources, container.Resources)
	}
	// The chart adds the configuration, and GOMEMLIMIT.
	if want := container.VolumeMounts[1:]; !reflect.DeepEqual(values.Mounts, want) {
		t.Errorf("mounts are %v, want %v", values.Mounts, want)
	}
	if want := pod.Volumes[1:]; !reflect.DeepEqual(values.Volumes, want) {
		t.Errorf("volumes are %v, want %v", values.Volumes, want)
	}
	if want := container.Env[:2]; !reflect.DeepEqual(values.Envs, want) {
		t.Errorf("variables are %v, want %v", values.Envs, want)
	}
	var config map[string]any
	if err := yaml.Unmarshal([]byte(readFile(t, "examples/kubernetes/config/config.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(values.Config, config) {
		t.Error("the configuration differs from the example")
	}
	if values.Image.Tag != strings.TrimPrefix(container.Image, "otelcol-sandbox:") {
		t.Errorf("tag is %s, want that of %s", values.Image.Tag, container.Image)
	}
}
