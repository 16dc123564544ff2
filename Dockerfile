# scramd in a container: not root, nothing but the programs and their libraries. Mount the config and the
# credentials (mode 0400, owned by uid 990) at /etc/scramd, and share /run/scramd with the makers.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        g++ cmake ninja-build libboost1.81-dev libssl-dev libsimdjson-dev libfmt-dev \
        libtomlplusplus-dev libcli11-dev \
    && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN cmake -S /src --preset release \
    && cmake --build /src/build/release \
    && DESTDIR=/out cmake --install /src/build/release --prefix /usr --strip --component scramd

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates libssl3 libsimdjson14 libfmt9 libtomlplusplus3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 990 --no-create-home --shell /usr/sbin/nologin scramd \
    && install -d -o scramd -g scramd -m 0755 /run/scramd
COPY --from=build /out/ /
USER 990:990
VOLUME /run/scramd
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["scramctl", "ready"]
ENTRYPOINT ["scramd", "--config", "/etc/scramd/scramd.toml"]
