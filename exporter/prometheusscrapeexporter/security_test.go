package prometheusscrapeexporter

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/extension/extensionauth"
)

// authenticator accepts the user and password a:b.
type authenticator struct {
	component.StartFunc
	component.ShutdownFunc
	extensionauth.ServerAuthenticateFunc
}

type hostWithExtension struct{ extension component.Component }

var basicAuth = component.MustNewID("basicauth")

func (h hostWithExtension) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{basicAuth: h.extension}
}

func authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	request := http.Request{Header: headers}
	if user, password, _ := request.BasicAuth(); user == "a" && password == "b" {
		return ctx, nil
	}
	return ctx, errors.New("unauthorized")
}

// certificate returns a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (cert, key []byte) {
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
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
}

func TestTLSAndAuthentication(t *testing.T) {
	cert, key := certificate(t)
	extension := authenticator{ServerAuthenticateFunc: authenticate}
	e := newTargetOn(t, hostWithExtension{extension}, nopSettings(), func(c *Config) {
		server := configtls.NewDefaultServerConfig()
		server.CertPem, server.KeyPem = configopaque.String(cert), configopaque.String(key)
		c.ServerConfig.TLS = configoptional.Some(server)
		c.ServerConfig.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: basicAuth}})
	})
	e.fill(t)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(cert))
	transport, ok := e.client.Transport.(*http.Transport)
	require.True(t, ok)
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}

	for password, want := range map[string]int{"b": http.StatusOK, "c": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://exporter/metrics", http.NoBody)
		require.NoError(t, err)
		request.SetBasicAuth("a", password)
		got, err := e.client.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		assert.Equal(t, want, got.StatusCode)
		assert.Equal(t, want == http.StatusOK, string(body) == page)
	}
}
