"""What the probe says: beforehand what it will do, afterwards what it saw, as a table and as JSON."""
import datetime
import json
import os
import textwrap

from scram_probe.exchange import shown

VERSION = 1  # of the JSON, docs/interfaces.md

TITLES = {
    "permission": "the key may trade",
    "account_mode": "account mode",
    "key_bound": "the key is bound to addresses",
    "mass_cancel": "mass-cancel",
    "refusal_code": "code of its refusal",
    "empty_family": "answer for a family without orders",
    "window": "kind of the rate limit's window",
    "window_slots": "mass-cancels taken in 2 s",
    "limit_code": "code of one too many",
    "cancel_all_after": "unit of cancel-all-after's times",
    "shown_ms": "ms until an order is listed",
    "gone_ms": "ms until a cancelled one is not",
    "plain_left": "mass-cancel leaves plain orders",
    "lock": "lockInterval",
    "lock_scope": "new orders that a lock refuses",
    "lock_amend": "amends under a lock",
    "lock_release": "lockInterval 0 ends a lock",
    "lock_renewal": "a lock while one holds",
}


def plan(options, spot, uid):
    """What will be done, in the order in which it will be."""
    market = "demo trading" if options.demo else "LIVE trading"
    lines = [f"on {options.host}:{options.port}, {market}, account {shown(uid)}, family {options.family}, in which "
             "nothing rests:",
             "- one mass-cancel of the family, and cancel-all-after for orders with this program's own tag alone, set and "
             "switched off"]
    if not options.no_burst:
        lines.append("- a burst of six mass-cancels within 2 s, one more than OKX allows, with 4 s of silence before and "
                     "after it: nothing else may mass-cancel for this account meanwhile, scramd least of all")
    if options.with_orders:
        lines += [f"- some 50 buy orders of {spot.size} {spot.instrument}, post-only, at {spot.price()} or "
                  f"{spot.price(2)} where the mark is {spot.mark:f}, of which three rest at a time; they are cancelled "
                  "at the end, however that comes",
                  "- locks of 10 s and less: OKX refuses new orders of the family meanwhile"]
    return "\n".join(textwrap.fill(line, 100, subsequent_indent="  ") for line in lines)


def table(points):
    width = max(len(title) for title in TITLES.values())
    lines = []
    for name, title in TITLES.items():
        value, detail = points[name]
        text = f"{title:<{width}}  {'open' if value is None else value}"
        lines.append(f"{text}\n{textwrap.indent(textwrap.fill(detail, 90), '    ')}")
    return "\n".join(lines)


def as_json(points, options, account, begun):
    return json.dumps({
        "program": "scram-probe",
        "v": VERSION,
        "time": datetime.datetime.fromtimestamp(begun, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "host": options.host,
        "port": options.port,
        "demo": options.demo,
        "uid": str(account.get("uid", "")),
        "family": options.family,
        "with_orders": options.with_orders,
        "points": {name: {"value": points[name].value, "detail": points[name].detail} for name in TITLES},
    }, indent=2) + "\n"


def write(path, text):
    """Whole or not at all."""
    unfinished = f"{path}.{os.getpid()}"
    with open(unfinished, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(unfinished, path)
