# The image of a release: goreleaser brings the binaries, the release workflow the digest of what the certificates come from.
ARG CERTIFICATES=alpine:3.22
FROM ${CERTIFICATES} AS certificates
RUN apk add --no-cache ca-certificates

FROM scratch
ARG TARGETPLATFORM
COPY --from=certificates /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY ${TARGETPLATFORM}/remote-cluster-bot /remote-cluster-bot
USER 65532:65532
EXPOSE 8080 9090
HEALTHCHECK --interval=15s --timeout=5s --start-period=5s \
    CMD ["/remote-cluster-bot", "health", "--config", "/etc/remote-cluster-bot/config.yaml"]
ENTRYPOINT ["/remote-cluster-bot"]
CMD ["serve", "--config", "/etc/remote-cluster-bot/config.yaml"]
