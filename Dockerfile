# Noren as one static program in an otherwise empty image:
#   docker build -t noren .
#   docker run -p 8080:8080 -v noren:/data noren
# Other commands: docker run -v noren:/data -i noren apply -f - < shop.yaml
#
# The image that builds it is the only thing that comes from a registry, named by its digest, which no one can move to another image.
# For a newer one, ask for its digest and give it here, or build with --build-arg GO_IMAGE=…:
#   docker buildx imagetools inspect golang:1.26.8 --format '{{.Manifest.Digest}}'

ARG GO_IMAGE=golang:1.26.8@sha256:3c3e25a4da13fd0478eed2df1eb35a0e667094a7124d3993a6a1d30f71c17e79
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# .git is copied so that `noren version` can name the commit. Git refuses a directory of another user without this.
RUN git config --global --add safe.directory /src
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/noren ./cmd/noren
# The empty image needs a directory for data and one for temporary files (used by the demo), owned by the user that the
# program runs as.
RUN mkdir -p /out/root/data /out/root/tmp && chown -R 65532:65532 /out/root && chmod 1777 /out/root/tmp

FROM scratch
# Certificate authorities, for callbacks over HTTPS. Time zones are compiled into the program.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/root/ /
COPY --from=build /out/noren /noren
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV NOREN_DATABASE=sqlite:/data/noren.db \
    NOREN_LISTEN=:8080 \
    NOREN_LOG_FORMAT=json
EXPOSE 8080
# The server stops within half a minute, but Docker waits only ten seconds by default: use `docker stop -t 35`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/noren"]
CMD ["serve"]
