"""How tests wait: for a condition, never for a guessed time."""
import os
import pathlib
import time

# What a slow build (sanitizers) multiplies every bound by. Bounds only end a hang; nothing is measured
# against them.
PATIENCE = float(os.environ.get("SCRAM_PATIENCE", 1))


def ms(count):
    """In a config: what scramd waits for before it goes on otherwise, so much longer where the build is slow."""
    return int(count * PATIENCE)


def eventually(condition, what, timeout=30.0):
    """Returns the first true value of `condition()`. `what` is a text, or a function that makes one."""
    end = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {timeout * PATIENCE:g} s: {text}")
        time.sleep(0.005)


def let_write(process):
    """Until what it has told stands in its log: the thread that writes it looks for lines each few milliseconds
    (daemon/common/poll_wait.h), and sleeps between its looks."""
    writer = log_writer(process)
    if writer is None:
        if process.poll() is None:
            time.sleep(0.02 * PATIENCE)
        return
    began, end = sleeps(writer), time.monotonic() + 2 * PATIENCE
    while 0 <= sleeps(writer) < began + 3 and time.monotonic() < end:
        time.sleep(0.002)


def log_writer(process):
    """The folder of a scramd's thread "log"; None: another program, or one that is stopped or has ended."""
    try:
        for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
            if (task / "comm").read_text() == "log\n":
                return None if field(task, "State").startswith("T") else task
    except OSError:
        pass
    return None


def sleeps(task):
    """How often the thread has gone to sleep; -1: it has ended."""
    try:
        return int(field(task, "voluntary_ctxt_switches"))
    except OSError:
        return -1


def field(task, name):
    return next(line.split(":", 1)[1].strip() for line in (task / "status").read_text().splitlines()
                if line.startswith(f"{name}:"))
