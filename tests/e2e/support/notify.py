"""scram-notify in a lab, and the receiver of what it tells."""
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lab import BIN, Process, eventually, ms, pki

SECRET_PATH = "/hook/fake-secret-path"


class Receiver:
    """A webhook's receiver: keeps what it is sent, and answers as it is told: a status, "hang", or "refuse"; with
    `only`, notices of that key, and all others with 200."""

    def __init__(self, tls=None, port=0):
        self.seen, self.answers, self.only, self.headers = [], [], None, {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who does not trust a certificate breaks off
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pki() / f"{tls}.pem", pki() / f"{tls}.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.ended = threading.Event()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        answer = self.answers.pop(0) if self.answers and self.only in (None, body.get("key")) else 200
        self.seen.append({"answer": answer, "id": handler.headers["X-Scram-Notice"], "path": handler.path, "body": body,
                          "host": handler.headers["Host"], "at": time.monotonic()})
        if answer == "hang":
            self.ended.wait(30)
            return
        handler.send_response(answer)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def taken(self, key=None, kind=None):
        """Bodies that were answered with 200, each id once."""
        found = {}
        for one in list(self.seen):
            body = one["body"]
            if one["answer"] == 200 and key in (None, body.get("key")) and kind in (None, body.get("kind")):
                found.setdefault(one["id"], body)
        return list(found.values())

    def wait(self, key, kind, timeout=15.0):
        eventually(lambda: self.taken(key, kind), lambda: f"{kind} {key} in {self.seen}", timeout)
        return self.taken(key, kind)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


def target_text(folder, name, secret, **keys):
    path = folder / f"{name}.secret"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    keys = {"name": name, "kind": "json", "secret_file": str(path), "timeout_s": ms(2000) // 1000, **keys}
    return "\n".join(["[[target]]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()), ""])


def write_config(lab, targets, more=""):
    spool = lab.folder / "spool"
    spool.mkdir(exist_ok=True)
    path = lab.folder / "notify.toml"
    path.write_text(f'journal = "journal"\npage = "control.sock.status"\nspool = "spool"\nhost = "test-host"\n'
                    f'unready_after_s = {ms(1000) // 1000}\n{more}\n' + "".join(targets))
    return path


def url(receiver, scheme="http", host="127.0.0.1"):
    return f"{scheme}://{host}:{receiver.port}{SECRET_PATH}"


class Notify(Process):
    def __init__(self, lab):
        super().__init__([BIN / "scram-notify", "--config", lab.folder / "notify.toml"], lab.folder / "notify.log")
        lab.add(self)


def following(lab, receiver):
    notify = Notify(lab)
    receiver.wait("notify", "tell")
    return notify


def json_target(lab, receiver, **keys):
    return target_text(lab.folder, "ops", url(receiver), **keys)
