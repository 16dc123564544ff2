"""scramd-exporter beside a scramd of a lab, and what asks it."""
import http.client
import re
import socket

from lab import BIN, ROOT, Process, eventually

MONITORING = ROOT / "config/monitoring"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Exporter(Process):
    def __init__(self, lab, *arguments):
        log = lab.folder / "exporter.log"
        super().__init__([BIN / "scramd-exporter", "--page", lab.folder / "control.sock.status",
                          *(arguments or ("--listen", "127.0.0.1:0"))], log)
        lab.add(self)
        found = {}

        def listens():
            found["at"] = re.search(r"listens at (\S+),", log.read_text())
            return found["at"]

        eventually(listens, lambda: f"the exporter listens: {log.read_text()}")
        self.at = found["at"][1]
        self.port = int(self.at.rsplit(":", 1)[1]) if self.at.startswith("http") else None

    def ask(self, target, method="GET", **headers):
        """Status, headers and body."""
        connection = (http.client.HTTPConnection("127.0.0.1", self.port, timeout=10) if self.port
                      else UnixConnection(self.at.removeprefix("unix:")))
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def metrics(self, **headers):
        status, _, body = self.ask("/metrics", **headers)
        if status != 200:
            raise AssertionError(f"/metrics: {status} {body}")
        return dict(line.rsplit(" ", 1) for line in body.splitlines() if line and line[0] != "#")

    def await_metric(self, series, value):
        seen = {}

        def reached():
            seen.update(all=self.metrics())
            return seen["all"].get(series) == value

        eventually(reached, lambda: f"{series} is {value}; there is {seen}")
        return seen["all"]

    def await_drill(self, account):
        """When the account's last drill was, once that is known."""
        series = f'scramd_last_drill_timestamp_seconds{{account="{account}"}}'
        eventually(lambda: series in self.metrics(), "a drill is known")
        return float(self.metrics()[series])

    def connect(self, data=b""):
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        stream.sendall(data)
        return stream


def read_all(stream):
    got = b""
    try:
        while more := stream.recv(65536):
            got += more
    except ConnectionError:
        pass
    return got
