# The Collector with the sandbox receiver, without anything else: no shell, no
# libraries. `make image` builds it from the programs in _build, without a registry.
#
# The image runs as root, because runtimes reserve their files and sockets for root.
# It needs no capability, no writable file system and no network but that of the
# exporters; README.md shows how to run it.
FROM scratch
COPY otelcol-sandbox sandboxctl LICENSE /
COPY config.yaml /etc/otelcol-sandbox/config.yaml
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 0:0
ENV GOMEMLIMIT=400MiB
ENTRYPOINT ["/otelcol-sandbox"]
CMD ["--config", "/etc/otelcol-sandbox/config.yaml"]
