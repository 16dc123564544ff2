# scramd in a container: not root, nothing but the package and what it depends on. Mount the config at /etc/scramd and
# the credentials (mode 0400, owned by uid 990) at /run/secrets, which the process that speaks to the network cannot
# read; keep /var/lib/scramd (the journal: what is latched stays latched), and share /run/scramd with the makers.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        g++ cmake ninja-build file dpkg-dev libboost1.81-dev libssl-dev libsimdjson-dev libfmt-dev \
        libtomlplusplus-dev libcli11-dev libseccomp-dev \
    && rm -rf /var/lib/apt/lists/*
# Without .git the version is the base version alone: --build-arg SCRAM_VERSION=0.1.0+N.gHASH
ARG SOURCE_DATE_EPOCH
ARG SCRAM_VERSION
COPY . /src
RUN cmake -S /src --preset release -DSCRAM_BENCH=OFF && cmake --build /src/build/release --target package

# docker build --target packages --output . .   for the packages themselves
FROM scratch AS packages
COPY --from=build /src/build/release/*.deb /

FROM debian:bookworm-slim
RUN useradd --system --uid 990 --no-create-home --home-dir /var/lib/scramd --shell /usr/sbin/nologin scramd \
    && install -d -o scramd -g scramd -m 0755 /run/scramd /var/lib/scramd
RUN --mount=type=bind,from=packages,target=/packages \
    apt-get update && apt-get install -y --no-install-recommends tini systemd-standalone-sysusers /packages/scramd_*.deb \
    && rm -rf /var/lib/apt/lists/*
USER 990:990
ENV CREDENTIALS_DIRECTORY=/run/secrets
VOLUME ["/run/scramd", "/var/lib/scramd"]
# tini is the container's first process, which nothing within can kill: scramd's keeper can kill scramd if it hangs, the
# container ends, and its restart policy starts it again.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["scramctl", "ready"]
ENTRYPOINT ["tini", "--", "scramd", "--config", "/etc/scramd/scramd.toml"]
