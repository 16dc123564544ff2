"""Those who talk to scramd on its two sockets, by hand, so that they can also talk wrongly."""
import array
import errno
import json
import mmap
import os
import pickle
import socket
import struct
import time

from waiting import PATIENCE

TIMEOUT = 10 * PATIENCE


class Refused(Exception):
    """scramd's own words."""


def connected(kind, path):
    """A Unix socket to this path; waits for a place in the listener's queue."""
    peer = socket.socket(socket.AF_UNIX, kind)
    peer.settimeout(TIMEOUT)
    for _ in range(int(TIMEOUT / 0.01)):
        error = peer.connect_ex(str(path))
        if error == 0:
            return peer
        if error != errno.EAGAIN:
            break
        time.sleep(0.01)
    peer.close()
    raise OSError(error, f"{os.strerror(error)}: {path}")


class Source:
    """A source that speaks the record protocol of core/signal.h."""

    RECORD = struct.Struct("=QqdHHHBB32s")
    VALUE, HEARTBEAT, DOORBELL, ATTACH, FAMILY, METRIC, GOODBYE = 1, 2, 3, 16, 17, 18, 19
    OK, REFUSED, CLOSING = 32, 33, 34

    def __init__(self, folder, name="maker-1"):
        self.sequence = self.id = 0
        self.ids = {}
        self.socket = connected(socket.SOCK_SEQPACKET, folder / "signals.sock")
        if name is not None:
            self.attach(name)

    def attach(self, name):
        answer, descriptors = self.ask(self.ATTACH, name)
        self.id = answer[5]
        self.gates = open(descriptors[0], "rb", buffering=0)  # closed with the source

    def record(self, kind, sequence=0, value=0.0, family=0, metric=0, source=None, version=1, name=b""):
        source = self.id if source is None else source
        return self.RECORD.pack(sequence, time.monotonic_ns(), value, family, metric, source, version, kind,
                                name)

    def ask(self, kind, name="", sequence=0):
        self.send(self.record(kind, sequence=sequence, source=0, name=name.encode()))
        record, text, descriptors = self.receive()
        if record[7] != self.OK:
            raise Refused(text)
        return record, descriptors

    def receive(self):
        """The next message: its record, its text, its descriptors. None: the connection has ended."""
        data, ancillary, _, _ = self.socket.recvmsg(512, socket.CMSG_SPACE(8))
        if not data:
            return None
        descriptors = array.array("i")
        for _, _, content in ancillary:
            descriptors.frombytes(content)
        return self.RECORD.unpack(data[:64]), data[64:].decode(), descriptors

    def refusal(self, data):
        """Sends what is wrong; returns the text that refuses it."""
        self.send(data)
        record, text, _ = self.receive()
        if record[7] != self.REFUSED:
            raise AssertionError(f"not refused: {record}")
        return text

    def is_cut_off(self):
        """True once scramd has closed the connection, whatever it said before."""
        try:
            while self.receive() is not None:
                pass
        except ConnectionError:
            pass
        return True

    def family(self, name):
        return self.resolve(self.FAMILY, name, 3)

    def metric(self, name):
        return self.resolve(self.METRIC, name, 4)

    def resolve(self, kind, name, field):
        if name not in self.ids:
            self.ids[name] = self.ask(kind, name)[0][field]
        return self.ids[name]

    def publish(self, family, metric, value):
        self.send(self.next_value(family, metric, value))

    def next_value(self, family, metric, value):
        return self.next_record(self.VALUE, value=value, family=self.family(family),
                                metric=self.metric(metric))

    def heartbeat(self):
        self.send(self.next_record(self.HEARTBEAT))

    def next_record(self, kind, **fields):
        self.sequence += 1
        return self.record(kind, sequence=self.sequence, **fields)

    def send(self, data):
        self.socket.send(data)

    def gate(self, family):
        """The family's gate word: 0 open, 1 closed."""
        return self.word(64 + 4 * self.family(family))

    def scramd_runs(self):
        """The gate region's word `running`: 0 once scramd has ended on purpose."""
        return self.word(8)

    def word(self, offset):
        return struct.unpack("=I", os.pread(self.gates.fileno(), 4, offset))[0]

    def goodbye(self):
        self.ask(self.GOODBYE)
        self.vanish()

    def vanish(self):
        self.socket.close()


class RingSource(Source):
    """A source that publishes by its ring, by the letter of core/signal.h or against it."""

    SLOTS, HEADER, READ, LOST, ASLEEP = 1024, 256, 64, 128, 16
    WANTS_RING = 1

    def attach(self, name):
        answer, descriptors = self.ask(self.ATTACH, name, self.WANTS_RING)
        self.id = answer[5]
        self.gates = open(descriptors[0], "rb", buffering=0)
        self.ring = mmap.mmap(descriptors[1], self.HEADER + 64 * self.SLOTS)
        os.close(descriptors[1])
        self.rang_in = 0

    def publish(self, family, metric, value):
        """False: the ring is full, and the signal is lost."""
        return self.emit(self.next_value(family, metric, value))

    def heartbeat(self):
        return self.emit(self.next_record(self.HEARTBEAT))

    def emit(self, record):
        has_room = self.sequence <= self.load(self.READ) + self.SLOTS
        if has_room:
            self.put(self.sequence, record)
        else:
            self.sequence -= 1
            self.store(self.LOST, self.load(self.LOST) + 1)
        self.wake()
        return has_room

    def put(self, place, record):
        """A record into the slot of number `place`; its own number last."""
        at = self.slot(place)
        self.ring[at + 8:at + 32] = record[8:32]
        self.store(at, int.from_bytes(record[:8], "little"))

    def wake(self):
        asleep = struct.unpack("=Q", os.pread(self.gates.fileno(), 8, self.ASLEEP))[0]
        if asleep not in (0, self.rang_in):
            self.rang_in = asleep
            self.ring_doorbell()

    def ring_doorbell(self):
        try:
            self.socket.send(self.record(self.DOORBELL))
        except (BrokenPipeError, ConnectionResetError):
            pass  # scramd has ended it

    def slot(self, number):
        return self.HEADER + 64 * ((number - 1) % self.SLOTS)

    def load(self, offset):
        return struct.unpack_from("=Q", self.ring, offset)[0]

    def store(self, offset, value):
        struct.pack_into("=Q", self.ring, offset, value)


class Control:
    """A peer on the control socket: lines out, lines in."""

    def __init__(self, folder):
        self.socket = connected(socket.SOCK_STREAM, folder / "control.sock")
        self.lines = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line as an object. None: the connection has ended."""
        text = self.lines.readline()
        return json.loads(text) if text else None

    def say(self, line):
        self.send(line.encode() + b"\n")
        return self.line()

    def ask(self, op, **fields):
        return self.say(json.dumps({"v": 1, "op": op, **fields}))

    def close(self):
        self.lines.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def as_user(uid, function):
    """What `function()` returns in a child process of this user alone (no groups beside its own)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            result = function()
        except BaseException as error:  # whatever it is, the parent tells it
            result = error
        os.write(writer, pickle.dumps(result))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        result = pickle.loads(answer.read())
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


# Who may trip in labs that need more trips than one user may have in a row.
TRIPPERS = range(3001, 3031)
TRIPPERS_RIGHTS = f'[rights]\ntrip = {json.dumps([f"uid:{uid}" for uid in TRIPPERS])}\n'


def trip_by_many(folder, target, reason="drill", each=60, users=TRIPPERS):
    """Trips of `target` by several users, `each` of them so often. Its lab's folder must let them in."""
    def trips():
        with Control(folder) as control:
            for _ in range(each):
                control.ask("trip", target=target, reason=reason)

    for uid in users:
        as_user(uid, trips)
