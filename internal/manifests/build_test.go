package manifests

import (
	"regexp"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// decoder decodes objects of all kinds of the API groups in use. Unknown and repeated
// fields, and values of the wrong type, are errors.
var decoder = newDecoder()

func newDecoder() runtime.Decoder {
	scheme := runtime.NewScheme()
	utilruntime.Must(appsv1.AddToScheme(scheme))
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(nodev1.AddToScheme(scheme))
	return json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
}

// build builds a directory as kubectl apply -k does, and decodes every object.
func build(t *testing.T, directory string) map[string]any {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), directory)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]any{}
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object, err := decode(text)
		if err != nil {
			t.Errorf("%s: %v\n%s", resource.GetName(), err, text)
			continue
		}
		objects[resource.GetKind()+"/"+name(resource.GetName())] = object
		if namespace := resource.GetNamespace(); namespace != "" && namespace != "sandbox-telemetry" {
			t.Errorf("%s is in namespace %q", resource.GetName(), namespace)
		}
	}
	return objects
}

func decode(text []byte) (any, error) {
	object, _, err := decoder.Decode(text, nil, nil)
	return object, err
}

// get returns an object of a type.
func get[T any](t *testing.T, objects map[string]any, key string) T {
	t.Helper()
	object, found := objects[key].(T)
	if !found {
		t.Fatalf("%s is missing in %v", key, objects)
	}
	return object
}

const daemonSetHeader = "apiVersion: apps/v1\nkind: DaemonSet\n"

// Decoding rejects what Kubernetes would reject or ignore.
func TestDecodeIsStrict(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field": "spec: {template: {spec: {hostPid: true}}}",
		"wrong type":    "spec: {template: {spec: {hostPID: 1}}}",
		"repeated":      "spec: {}\nspec: {}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decode([]byte(daemonSetHeader + text)); err == nil {
				t.Error("the manifest is accepted")
			}
		})
	}
	if _, err := decode([]byte(daemonSetHeader + "spec: {template: {spec: {hostPID: true}}}")); err != nil {
		t.Error(err)
	}
}

// hash is the suffix of the name of a generated ConfigMap.
var hash = regexp.MustCompile(`-[a-z0-9]{10}$`)

func name(generated string) string { return hash.ReplaceAllString(generated, "") }
