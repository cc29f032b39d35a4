# Built static on the builder's own platform for whichever is asked for (docker buildx --platform), run as nobody on an
# empty file system that can be mounted read-only.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG VERSION=dev TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -tags grpcnotrace -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /remote-cluster-bot ./cmd/remote-cluster-bot

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /remote-cluster-bot /remote-cluster-bot
USER 65532:65532
EXPOSE 8080 9090
HEALTHCHECK --interval=15s --timeout=5s --start-period=5s \
    CMD ["/remote-cluster-bot", "health", "--config", "/etc/remote-cluster-bot/config.yaml"]
ENTRYPOINT ["/remote-cluster-bot"]
CMD ["serve", "--config", "/etc/remote-cluster-bot/config.yaml"]
