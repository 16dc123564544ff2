#!/bin/sh
# Makes a throw-away certificate authority and the certificates that tests need, good and bad:
#   make_pki.sh DIR [HOST...]
# Safe to repeat: what is there for the same hosts is kept.
set -eu

dir=${1:?usage: make_pki.sh DIR [HOST...]}
shift
mkdir -p "$dir"
cd "$dir"
umask 077

wanted="made for: $*"
if [ -f made ] && [ "$(cat made)" = "$wanted" ] &&
    openssl x509 -in server.pem -noout -checkend 86400 >/dev/null; then
    exit 0
fi
rm -f made

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

now=$(date -u +%s)
at() { date -u -d "@$((now + $1 * 86400))" +%Y%m%d%H%M%SZ; }

new_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
}

# root NAME CN: a self-signed authority
root() {
    new_key "$1"
    openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -subj "/CN=$2" -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

# leaf NAME CA SAN FROM_DAY TO_DAY: a server's certificate; `openssl ca`, because in OpenSSL 3.0 it
# alone takes dates in the past
leaf() {
    new_key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$work/$1.csr"
    : > "$work/index.txt"
    cat > "$work/ca.conf" <<CONF
[ca]
default_ca = authority
[authority]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $3
CONF
    openssl ca -batch -notext -config "$work/ca.conf" -cert "$2.pem" -keyfile "$2.key" \
        -startdate "$(at "$4")" -enddate "$(at "$5")" -in "$work/$1.csr" -out "$1.pem" \
        2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

san="DNS:localhost,IP:127.0.0.1,IP:::1,DNS:okxsim.test"
for host in "$@"; do
    case $host in
        *:* | [0-9]*.[0-9]*.[0-9]*.[0-9]*) san="$san,IP:$host" ;;
        *) san="$san,DNS:$host" ;;
    esac
done

root ca "okxsim test authority"
root other_ca "another test authority"
leaf server ca "$san" -1 365
leaf wrong_name ca "DNS:other.test" -1 365
leaf expired ca "$san" -30 -1
leaf not_yet ca "$san" 3000 3600
leaf other_server other_ca "$san" -1 365
new_key self_signed
openssl req -x509 -new -key self_signed.key -sha256 -days 365 -subj "/CN=self_signed" \
    -out self_signed.pem -addext "subjectAltName=$san" -addext basicConstraints=critical,CA:FALSE

printf '%s\n' "$wanted" > made
