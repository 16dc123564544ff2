"""How tests wait: for a condition, never for a guessed time."""
import os
import time

# What a slow build (sanitizers) multiplies every bound by. Bounds only end a hang; nothing is measured
# against them.
PATIENCE = float(os.environ.get("SCRAM_PATIENCE", 1))


def eventually(condition, what, timeout=10.0):
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
    """Until what it has told stands in its log: scramd's logger looks for lines each 5 ms (daemon/common/poll_wait.h)."""
    if process.poll() is None:
        time.sleep(0.02 * PATIENCE)
