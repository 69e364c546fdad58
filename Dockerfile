# The image of opsforge: one executable on a small system, no shell script between the two.
# BUILD_IMAGE needs Node 20 or newer and npm. RUNTIME_IMAGE needs glibc 2.27 or newer, /bin/sh (it guards
# the embedded PostgreSQL), bash (the health check) and useradd; certificates of public authorities and
# time zones are inside the executable, the libraries of PostgreSQL travel with it.
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# npm's settings, where it needs some, come as a secret (--secret id=npmrc,src=FILE) and stay out.
RUN --mount=type=secret,id=npmrc \
    NPM_CONFIG_USERCONFIG=/run/secrets/npmrc npm ci --include=dev --include=optional --no-audit --no-fund
COPY . .
RUN npm run build -- --release

FROM ${RUNTIME_IMAGE}
# A fixed uid, so that volumes keep their owner from image to image; initdb wants it in /etc/passwd.
RUN groupadd --gid 10001 opsforge \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/opsforge \
      --shell /usr/sbin/nologin opsforge \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/opsforge
COPY LICENSE /usr/share/doc/opsforge/LICENSE
COPY --from=build /src/dist/opsforge /usr/local/bin/opsforge
ENV OPSFORGE_DATA_DIR=/var/lib/opsforge
VOLUME /var/lib/opsforge
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
# Ready, and not only alive: it asks as a client would, at the port that PORT names. bash opens the
# connection itself, since the image has neither curl nor wget.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${PORT:-3000} && printf 'GET /readyz HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["/usr/local/bin/opsforge"]
CMD ["serve"]
