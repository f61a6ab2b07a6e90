# The Collector with the sandbox receiver and sandboxctl, and nothing else: no shell and no
# libraries. `make image` prepares the directory root, so no registry is needed.
#
# The image runs as root, because runtimes reserve their files and sockets for root. It
# needs no capability and writes no file; examples/docker/run shows its options.
FROM scratch
COPY root/ /
USER 0:0
ENV GOMEMLIMIT=400MiB
ENTRYPOINT ["/otelcol-sandbox"]
CMD ["--config", "/etc/otelcol-sandbox/config.yaml"]
