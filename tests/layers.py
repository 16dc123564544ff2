"""Includes point one way: a folder sees itself and the layers below it, and core stays pure."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BELOW = {
    "core": {"core"},
    "config": {"config", "core"},
    "net": {"net", "core"},
    "daemon": {"daemon", "net", "config", "core", "client"},
    "client": {"client", "core/signal.h"},
}
# What would make core more than a function of its inputs.
WORLD = re.compile(
    r"#include <(boost/|sys/|unistd|thread|mutex|atomic|fstream|iostream|random|time\.h|ctime)|"
    r"::now\(\)|clock_gettime|getenv|std::rand"
)
OPENSSL_IN_CORE = {"core/okx_sign.cpp", "core/journal_hash.cpp"}
SIMDJSON_IN_CORE = {"core/okx_answer.cpp"}
# A fence that keeps the compiler in order; no thread.
ATOMIC_IN_CORE = {"core/in_order.h"}


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in {".h", ".hpp", ".cpp", ".c"})


def foreign_includes(folder, text):
    for path in re.findall(r'#include "([^"]+)"', text):
        top = path.split("/")[0]
        if "/" in path and path not in BELOW[folder] and top not in BELOW[folder]:
            yield path


def faults():
    for folder in BELOW:
        for path in sources(folder):
            name, text = str(path.relative_to(ROOT)), path.read_text()
            for include in foreign_includes(folder, text):
                yield f"{name} includes {include}, which is not below {folder}/"
            if folder != "core":
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
