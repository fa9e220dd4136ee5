# syntax=docker/dockerfile:1

# Noren as one static program in an otherwise empty image:
#   docker build -t noren .
#   docker run -p 8080:8080 -v noren:/data noren
# Another command: docker run -v noren:/data -i noren apply -f - < shop.yaml

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# .git comes along so that `noren version` can name the commit; Git refuses another user's directory otherwise.
RUN git config --global --add safe.directory /src
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/noren ./cmd/noren
# What a program expects of a system: a place for its data and one for temporary files (the demo's), owned by the
# user it runs as, who has no name here.
RUN mkdir -p /out/root/data /out/root/tmp && chown -R 65532:65532 /out/root && chmod 1777 /out/root/tmp

FROM scratch
# Certificate authorities, for callbacks over https. Time zones are inside the program.
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
# The server stops within half a minute; Docker's own patience is ten seconds, so use `docker stop -t 35`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/noren"]
CMD ["serve"]
