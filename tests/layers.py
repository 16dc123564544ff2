"""Includes point one way: a folder sees itself and what is below it, and core stays pure."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Of each folder those right below it, and by way of them all further down; what stands directly in a layer's folder
# is named with a dot. The CMake targets have the same order.
BELOW = {
    "core/.": [],  # signal.h, which clients share
    "core/base": ["core/."],
    "core/okx": ["core/base"],
    "core/model": ["core/okx"],
    "core/rules": ["core/model"],
    "core/engine": ["core/rules"],
    "core/journal": ["core/engine"],
    "core/notice": ["core/journal"],
    "core/latency": ["core/base"],
    "core/recording": ["core/rules"],
    "core/replay": ["core/recording", "core/engine"],
    "core/receipts": ["core/engine", "core/latency"],
    "core/status_page": ["core/base"],
    "config/.": ["core/rules"],
    "config/toml": ["config/."],
    "net/.": ["core/base"],
    "net/unix": ["net/."],
    "net/operators": ["net/unix"],
    "net/sources": ["net/unix", "core/model"],
    "net/tls": ["net/."],
    "net/wire": ["net/."],
    "net/exchange": ["net/tls", "net/wire", "core/okx"],
    "daemon/common": ["config/toml", "core/status_page", "net/tls"],
    "daemon/log": ["daemon/common", "core/latency"],
    "daemon/sandbox": ["daemon/common"],
    "daemon/records": ["daemon/log", "core/journal", "core/receipts", "core/recording"],
    "daemon/signer": ["daemon/records", "daemon/sandbox"],
    "daemon/loop": ["daemon/signer", "net/exchange", "net/operators", "net/sources"],
    "daemon/control": ["daemon/loop"],
    "daemon/scramd": ["daemon/control"],
    "daemon/scramctl": ["daemon/control", "core/replay", "client/."],
    "daemon/scram_now": ["daemon/common", "core/engine", "net/exchange"],
    "daemon/scramd_exporter": ["daemon/common", "net/unix"],
    "daemon/scram_notify": ["daemon/records", "core/notice", "net/exchange"],
    "client/.": ["core/."],
}
# What would make core more than a function of its inputs.
WORLD = re.compile(
    r"#include <(boost/|sys/|unistd|thread|mutex|atomic|fstream|iostream|random|time\.h|ctime)|"
    r"::now\(\)|clock_gettime|getenv|std::rand"
)
OPENSSL_IN_CORE = {"core/okx/sign.cpp", "core/journal/hash.cpp"}
SIMDJSON_IN_CORE = {"core/okx/answer_json.h"}
# Fences that keep the compiler, or what another process sees, in order; no thread.
ATOMIC_IN_CORE = {"core/base/store_order.h", "core/status_page/page.cpp"}


def folder_of(path):
    """A folder of folders below a known one counts as that one: client/python is client/."""
    layer, *rest = path.split("/")
    return f"{layer}/{rest[0]}" if len(rest) > 1 and f"{layer}/{rest[0]}" in BELOW else f"{layer}/."


def seen_by(folder):
    seen, waiting = set(), [folder]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += BELOW[one]
    return seen


def sources():
    for layer in sorted({folder.split("/")[0] for folder in BELOW}):
        for path in sorted((ROOT / layer).rglob("*")):
            if path.suffix in {".h", ".hpp", ".cpp", ".c"}:
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def faults():
    for name, text in sources():
        folder = folder_of(name)
        if folder not in BELOW:
            yield f"{name} stands in no folder of tests/layers.py"
            continue
        seen = seen_by(folder)
        for include in re.findall(r'#include "([^"]+/[^"]+)"', text):
            if folder_of(include) not in seen:
                yield f"{name} includes {include}, which is not below {folder}"
        if not name.startswith("core/"):
            continue
        for found in WORLD.finditer(text):
            if name in ATOMIC_IN_CORE and found.group(1) == "atomic":
                continue
            yield f"{name} touches the world: {found.group(0)}"
        if "<openssl/" in text and name not in OPENSSL_IN_CORE:
            yield f"{name} uses OpenSSL"
        if "<simdjson" in text and name not in SIMDJSON_IN_CORE:
            yield f"{name} uses simdjson"


found = list(faults())
for fault in found:
    print(fault)
print(f"{0 if found else 1} passed, {1 if found else 0} failed")
sys.exit(1 if found else 0)
