#!/bin/sh
# Builds the tree on another Debian and runs its unit tests there:  other_debian.sh CODENAME WORK_DIRECTORY
# The other Debian is a folder made by debootstrap, kept in WORK_DIRECTORY; the tree is seen there, not changed.
set -eu
codename=${1:?usage: other_debian.sh CODENAME WORK_DIRECTORY}
work=$(readlink -m "${2:?usage: other_debian.sh CODENAME WORK_DIRECTORY}")
tree=$(cd "$(dirname "$0")/../.." && pwd)
root=$work/build.$codename
packages=g++,cmake,ninja-build,libboost-dev,libssl-dev,libsimdjson-dev,libfmt-dev,libtomlplusplus-dev,libcli11-dev,libseccomp-dev,doctest-dev,openssl,ca-certificates

skip() {
    echo "skipped: $1"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || skip "only root can make a system of $codename"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"

if [ "$(cat "$root.made" 2>/dev/null)" != "$packages" ]; then  # none yet, or one of before with other packages
    rm -rf "$root" "$root.made"
    mkdir -p "$work"
    debootstrap --variant=minbase --include=$packages "$codename" "$root" >"$root.log" 2>&1 ||
        skip "debootstrap cannot make a system of $codename: $(tail -n 1 "$root.log")"
    echo "$packages" >"$root.made"
fi

# In namespaces of its own: what it mounts and starts ends with it. (Unoptimised, without debug information: to see
# that it compiles and works is what this is for.)
mkdir -p "$root/tree" "$root/build"
# shellcheck disable=SC2016 # the inner shell expands
exec unshare --mount --pid --fork --kill-child --propagation private sh -eu -c '
    mount --bind -o ro "$1" "$2/tree"
    mount -t proc proc "$2/proc"
    mount --rbind /dev "$2/dev"
    exec chroot "$2" env -i PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root LC_ALL=C.UTF-8 sh -euc "
        cmake --preset dev -S /tree -B /build -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG= -DSCRAM_WERROR=ON >/dev/null
        cmake --build /build --target unit_tests scramd scramctl
        exec /build/bin/unit_tests"
' sh "$tree" "$root"
