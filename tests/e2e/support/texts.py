"""Parts of the files that a lab is made of: okxsim's accounts, rules, credentials."""
import json
import re


def account_texts(accounts, bound_to=None):
    """okxsim's accounts: by name, with further keys as TOML text, their keys bound to an address unless those say so."""
    return "".join(f'[[account]]\nname = "{name}"\nkey = "fake-key-{name}"\nsecret = "fake-secret-{name}"\n'
                   f'passphrase = "fake-pass-{name}"\n{bound(more, bound_to)}{more}\n' for name, more in accounts.items())


def bound(more, address):
    return "" if address is None or re.search(r"^ip\b", more, re.MULTILINE) else f'ip = "{address}"\n'


def rule(name, kind, **keys):
    """One rule as TOML text; numbers, texts and lists are written alike in JSON and TOML."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"name": name, "kind": kind, **keys}.items()]
    return "\n".join(["[[rule]]", *lines, ""])


DELTA_RULE = rule("delta", "limit", metric="delta", beyond=25)


def write_credentials(folder, name, secret=None, mode=0o600):
    path = folder / f"{name}.credentials"
    secret = f"fake-secret-{name}" if secret is None else secret
    path.write_text(f'key = "fake-key-{name}"\nsecret = "{secret}"\npassphrase = "fake-pass-{name}"\n')
    path.chmod(mode)
    return path
