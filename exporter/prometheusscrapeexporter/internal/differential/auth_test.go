package differential

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// host has one extension.
type host struct {
	id        component.ID
	extension component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{h.id: h.extension}
}

// newBasicAuth starts the extension basicauth, with the user a and the password b.
func newBasicAuth(t *testing.T) host {
	t.Helper()
	factory := basicauthextension.NewFactory()
	config := factory.CreateDefaultConfig()
	values := map[string]any{"htpasswd": map[string]any{"inline": "a:b"}}
	require.NoError(t, confmap.NewFromStringMap(values).Unmarshal(config))
	require.NoError(t, confmap.Validate(config))
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(t, err)
	h := host{id: component.NewID(factory.Type()), extension: extension}
	require.NoError(t, extension.Start(t.Context(), h))
	t.Cleanup(func() { require.NoError(t, extension.Shutdown(context.Background())) })
	return h
}

// newCertificate returns a certificate for 127.0.0.1 and its key.
func newCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}

// Both exporters accept the same configuration of TLS and of the extension basicauth, and
// let in and refuse the same clients.
func TestTLSAndBasicAuth(t *testing.T) {
	certificate, key := newCertificate(t)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(certificate)))
	exporters := newPairOn(t, newBasicAuth(t), map[string]any{
		"tls":  map[string]any{"cert_pem": certificate, "key_pem": key},
		"auth": map[string]any{"authenticator": "basicauth"},
	})
	metrics := pmetric.NewMetrics()
	metric := metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("secret")
	metric.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(5)
	exporters.consume(t, metrics)
	for name, i := range map[string]*instance{"prometheus_scrape": exporters.ours, "prometheus": exporters.stock} {
		transport, ok := i.client.Transport.(*http.Transport)
		require.True(t, ok)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
		for credentials, want := range map[[2]string]int{
			{"a", "b"}: http.StatusOK,
			{"a", "c"}: http.StatusUnauthorized,
			{"b", "b"}: http.StatusUnauthorized,
			{}:         http.StatusUnauthorized,
		} {
			assert.Equal(t, want, i.status(t, "https", credentials), "%s: %v", name, credentials)
		}
		assert.Equal(t, http.StatusBadRequest, i.status(t, "http", [2]string{"a", "b"}), "%s without TLS", name)
	}
}

// status returns the status of a scrape.
func (i *instance) status(t *testing.T, scheme string, credentials [2]string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://exporter/metrics", http.NoBody)
	require.NoError(t, err)
	if credentials[0] != "" {
		request.SetBasicAuth(credentials[0], credentials[1])
	}
	response, err := i.client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, response.StatusCode == http.StatusOK, strings.Contains(string(body), "secret"))
	return response.StatusCode
}
