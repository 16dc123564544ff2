"""An account's key, secret and passphrase, from the same file as scramd's."""
import os
import stat
import tomllib
import typing

from scram_probe.trouble import Refused

BYTES_MAX = 4096


class Credentials(typing.NamedTuple):
    key: str
    secret: str
    passphrase: str

    def __repr__(self):  # so that no message shows them
        return "Credentials(...)"


def fault_of(status):
    """Why a file of this kind, owner and mode is not read; or nothing."""
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_uid not in (0, os.geteuid()):
        return f"belongs to uid {status.st_uid}: run chown root or chown {os.geteuid()}"
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"has mode {stat.S_IMODE(status.st_mode):04o}, so others may get at the key: run chmod 0600"
    if status.st_size > BYTES_MAX:
        return f"is larger than {BYTES_MAX} bytes"
    return ""


def read(path):
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"credentials {path} cannot be opened: {error.strerror}") from None
    with os.fdopen(opened, "rb") as file:
        if fault := fault_of(os.fstat(opened)):
            raise Refused(f"credentials {path} {fault}")
        return file.read(BYTES_MAX + 1)


def load(path):
    """What is wrong is told without any of the file's content."""
    text = read(path)
    try:
        table = tomllib.loads(text.decode())
    except ValueError:
        table = {}
    wanted = Credentials._fields
    if set(table) != set(wanted) or not all(is_sendable(table[name]) for name in wanted):
        raise Refused(f'credentials {path} must have exactly key, secret and passphrase, each as NAME = "..."')
    return Credentials(**table)


def is_sendable(value):
    """It goes into an HTTP header as it is: a line end in it would forge a header."""
    return (isinstance(value, str) and 0 < len(value) <= 128 and value.isascii() and value.isprintable() and
            value == value.strip())
