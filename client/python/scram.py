"""Publish risk signals to scramd, and ask it before each quote whether you may quote at all.

    with scram.Client("maker-1") as scramd:
        while True:
            scramd.publish("mm-1/BTC-USD", "delta", position_delta())
            if not scramd.halted("mm-1/BTC-USD"):
                quote()

A thin layer over the C library libscram.so.0 (scram.h says more), standard library only. The
library is looked for at $SCRAM_LIBRARY, then where the system finds libraries.

Threads may share a client: a lock lets one call in at a time, and the others wait for it, halted()
too. Only family() and metric() of a new name (up to a second) and detach() (a fifth of one) take
noticeable time.

Leaving the block normally says goodbye. Leaving it by an exception does not: scramd then takes this
source as vanished and trips rule kind `gone`, since quotes of a maker that failed are orphans; a
maker that gives up before its first quote calls detach(). A client that is dropped without either
ends like one whose process died. A forked child (multiprocessing with "fork", too) lets go of its
copy of the connection by itself.
"""

import ctypes
import enum
import os
import threading
import warnings
import weakref

__all__ = ["Client", "Error", "Result"]


class Result(enum.IntEnum):
    """What a call of the library came to; scram.h explains each."""

    DONE = 0
    FULL = 1
    GONE = 2
    DENIED = 3
    TIMEOUT = 4
    UNREACHABLE = 5
    PROTOCOL = 6
    INVALID = 7
    MEMORY = 8


class Error(Exception):
    """Attaching or resolving a name failed: `result` is the kind of failure, the text says why."""

    def __init__(self, result, text):
        super().__init__(text)
        self.result = Result(result)


class Client:
    """One attached source. `socket_path`: None means $SCRAM_SOCKET, or scramd's usual place."""

    def __init__(self, source, socket_path=None):
        self._handle = None
        self._lock = threading.RLock()  # the library refuses a second thread
        self._families = {}
        self._metrics = {}
        path = None if socket_path is None else os.fsencode(socket_path)
        handle = ctypes.c_void_p()
        result = _library().scram_attach(ctypes.byref(handle), path, source.encode())
        if result != Result.DONE:
            raise Error(result, _library().scram_error(None).decode(errors="replace"))
        self._handle = handle
        self._dropped = weakref.finalize(self, _abandon_dropped, source, handle)
        self._dropped.atexit = False  # the process ends, and scramd sees that
        _clients.add(self)

    def family(self, name):
        """The id of a family, asked once. publish and halted call this themselves; calling it at
        start-up brings a wrong name to light before the first quote."""
        return self._id(self._families, name, _library().scram_family)

    def metric(self, name):
        """The id of a metric, asked once."""
        return self._id(self._metrics, name, _library().scram_metric)

    def publish(self, family, metric, value):
        """`metric` of `family` is now `value`. False: the signal was not delivered (see error);
        scramd trips by itself on a lost signal, and halted() is True once scramd is gone."""
        return self._send("scram_publish", family, metric, value)

    def add(self, family, metric, value):
        """As publish, but only gathered: flush or heartbeat sends it, all in one message."""
        return self._send("scram_add", family, metric, value)

    def restart(self, family, metric, value):
        """As publish, and with this value the series starts over: a pnl that starts at 0 each day
        does not fall. False also where scramd is too old to know it (see error)."""
        return self._send("scram_restart", family, metric, value)

    def add_restart(self, family, metric, value):
        """As restart, but only gathered."""
        return self._send("scram_add_restart", family, metric, value)

    def flush(self):
        with self._lock:
            return _library().scram_flush(self._open()) == Result.DONE

    def heartbeat(self):
        """This source is alive. Also sends what was gathered, and notices that scramd ended."""
        with self._lock:
            return _library().scram_heartbeat(self._open()) == Result.DONE

    def halted(self, family):
        """True: do not quote `family` - its gate is closed, or no scramd runs behind you."""
        with self._lock:
            if not self.attached:
                return True
            return bool(_library().scram_halted(self._handle, self.family(family)))

    @property
    def attached(self):
        """Whether scramd is believed to listen."""
        with self._lock:
            return self._handle is not None and bool(_library().scram_attached(self._handle))

    @property
    def error(self):
        """Why the last call that failed did so."""
        with self._lock:
            if self._handle is None:
                return "this client has ended"
            return _library().scram_error(self._handle).decode(errors="replace")

    def detach(self):
        """Says goodbye and ends. Calling it again does nothing."""
        with self._lock:
            handle = self._give_up_handle()
            return handle is None or _library().scram_detach(handle) == Result.DONE

    def abandon(self):
        """Ends without a goodbye, as if this process had died."""
        with self._lock:
            handle = self._give_up_handle()
            if handle is not None:
                _library().scram_abandon(handle)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.detach()
        else:
            self.abandon()

    def _send(self, call, family, metric, value):
        with self._lock:
            ids = self.family(family), self.metric(metric)
            return getattr(_library(), call)(self._open(), *ids, value) == Result.DONE

    def _give_up_handle(self):
        """The handle, which the caller must end; None if it has ended."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._dropped.detach()
        return handle

    def _open(self):
        if self._handle is None:
            raise ValueError("this client has ended; make a new one")
        return self._handle

    def _id(self, known, name, resolve):
        with self._lock:
            if name not in known:
                found = ctypes.c_uint16()
                result = resolve(self._open(), name.encode(), ctypes.byref(found))
                if result != Result.DONE:
                    raise Error(result, self.error)
                known[name] = found.value
            return known[name]


_clients = weakref.WeakSet()
_loaded = None


def _abandon_after_fork():
    for client in list(_clients):
        client._lock = threading.RLock()  # a thread that is not here may have held it
        client.abandon()


def _abandon_dropped(source, handle):
    warnings.warn(f"the client of {source} was dropped: use `with`, or call detach()", ResourceWarning)
    _library().scram_abandon(handle)


os.register_at_fork(after_in_child=_abandon_after_fork)


def _library():
    global _loaded
    if _loaded is None:
        _loaded = _declare(_load())
    return _loaded


def _load():
    chosen = os.environ.get("SCRAM_LIBRARY")
    if chosen:
        return ctypes.CDLL(chosen)
    try:
        return ctypes.CDLL("libscram.so.0")
    except OSError:
        return ctypes.CDLL("libscram.so")


def _declare(library):
    handle, text, an_id = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint16
    id_out, value = ctypes.POINTER(ctypes.c_uint16), ctypes.c_double
    result = ctypes.c_int
    for name, returns, takes in [
        ("scram_attach", result, [ctypes.POINTER(handle), text, text]),
        ("scram_family", result, [handle, text, id_out]),
        ("scram_metric", result, [handle, text, id_out]),
        ("scram_publish", result, [handle, an_id, an_id, value]),
        ("scram_add", result, [handle, an_id, an_id, value]),
        ("scram_restart", result, [handle, an_id, an_id, value]),
        ("scram_add_restart", result, [handle, an_id, an_id, value]),
        ("scram_flush", result, [handle]),
        ("scram_heartbeat", result, [handle]),
        ("scram_halted", result, [handle, an_id]),
        ("scram_attached", result, [handle]),
        ("scram_detach", result, [handle]),
        ("scram_abandon", None, [handle]),
        ("scram_error", text, [handle]),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = returns, takes
    return library
