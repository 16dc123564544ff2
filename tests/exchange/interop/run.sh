#!/bin/sh
# Starts okxsim and drives it with npm's ccxt and okx-api:  run.sh BUILD_BIN_DIR
# The clients are installed once, beside BUILD_BIN_DIR. Without node or npm it is skipped, with a
# line that says so.
set -eu

bin=$(cd "${1:?usage: run.sh BUILD_BIN_DIR}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cache=$(dirname "$bin")/interop

skip() {
    echo "skipped: $1"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

install_clients() {
    mkdir -p "$cache"
    cp "$here/interop.mjs" "$here/package.json" "$cache"
    if cmp -s "$here/package-lock.json" "$cache/installed.json"; then return; fi
    cp "$here/package-lock.json" "$cache"
    npm view okx-api version --fetch-retries=0 >/dev/null 2>&1 || skip "npm registry not reachable"
    (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    cp "$here/package-lock.json" "$cache/installed.json"
}

port() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$work/ports"; }

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then skip "node is missing"; fi
install_clients

work=$(mktemp -d)
sim=
trap 'if [ -n "$sim" ]; then kill "$sim" && wait "$sim" || true; fi; rm -rf "$work"' EXIT
"$here/../make_pki.sh" "$work/pki"
mkfifo "$work/ready"
"$bin/okxsim" --cert "$work/pki/server.pem" --key "$work/pki/server.key" \
    --accounts "$here/accounts.toml" >"$work/ready" &
sim=$!
head -n 1 <"$work/ready" >"$work/ports"
NODE_EXTRA_CA_CERTS="$work/pki/ca.pem" node "$cache/interop.mjs" "$(port https)" "$(port admin)"
