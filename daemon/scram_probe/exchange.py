"""OKX's REST interface, read from its documents once more: it shares no code with scramd, so that it can contradict it."""
import base64
import datetime
import hashlib
import hmac
import http.client
import json
import ssl
import time
import typing

from scram_probe.trouble import Trouble

TIMEOUT_S = 10
IDLE_S = 5
BODY_MAX = 1 << 20
# Of each path the requests in so many seconds: what OKX documents, and some room.
LIMITS = {
    "/api/v5/trade/mass-cancel": (5, 2.2),
    "/api/v5/trade/cancel-all-after": (1, 1.2),
    "/api/v5/account/config": (5, 2.2),
    "/api/v5/trade/orders-pending": (40, 2.2),
    "/api/v5/public/time": (8, 2.2),
}
OTHERS = (20, 2.2)


class Pace:
    """At most `count` requests in any `seconds`, counted from their answers: each may have arrived as late as that."""

    def __init__(self, count, seconds):
        self.count, self.seconds, self.ends = count, seconds, []

    def wait(self):
        if len(self.ends) >= self.count:
            time.sleep(max(0.0, self.ends[-self.count] + self.seconds - time.monotonic()))

    def ended(self):
        self.ends = [*self.ends[-self.count:], time.monotonic()]


class Answer(typing.NamedTuple):
    status: int  # of HTTP
    code: str  # OKX's; empty: the body has none
    message: str
    rows: list
    sent: float  # by time.monotonic()
    answered: float

    @property
    def outcome(self):
        """The code that counts: a row's own, where it has one."""
        return str(self.row.get("sCode") or self.code)

    @property
    def row(self):
        return self.rows[0] if self.rows else {}

    @property
    def ok(self):
        return self.outcome == "0"

    @property
    def throttled(self):
        return self.status == 429 or self.outcome == "50011"

    def __str__(self):
        text = shown(self.row.get("sMsg") or self.message)
        return f"code {self.outcome or '(none)'}, http {self.status}" + (f': "{text}"' if text else "")


def shown(text):
    """Of somebody else's text what a terminal takes for no command."""
    return "".join(c if c.isprintable() else "?" for c in str(text))[:200]


def answer_from(status, body, sent):
    """Whatever the body is: a page of HTML has no code."""
    now = time.monotonic()
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Answer(status, "", "no JSON", [], sent, now)
    data = found.get("data")
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    return Answer(status, str(found.get("code", "")), str(found.get("msg", "")), rows, sent, now)


def sign(secret, text):
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Exchange:
    def __init__(self, host, port, ca_file, demo, credentials):
        self.host, self.port, self.demo = host, port, demo
        self.credentials = credentials
        self.tls = ssl.create_default_context()
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if ca_file:
            try:
                self.tls.load_verify_locations(cafile=ca_file)
            except OSError as error:
                raise Trouble(f"--ca-file {ca_file} cannot be read: {error}") from None
        self.ahead_s = 0.0  # the exchange's clock
        self.paces = {}
        self.last_used = 0.0
        self.connection = self.connect()

    def connect(self):
        return http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT_S, context=self.tls)

    def now(self):
        """By the exchange's clock."""
        return time.time() + self.ahead_s

    def headers(self, method, target, body):
        moment = datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc)
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
        return self.public_headers() | {
            "Content-Type": "application/json",
            "OK-ACCESS-KEY": self.credentials.key,
            "OK-ACCESS-PASSPHRASE": self.credentials.passphrase,
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-SIGN": sign(self.credentials.secret, stamp + method + target + body),
        }

    def public_headers(self):
        return {"User-Agent": "scram-probe/1"} | ({"x-simulated-trading": "1"} if self.demo else {})

    def send(self, connection, method, target, parameters=None):
        """Returns when it was sent."""
        body = "" if parameters is None else json.dumps(parameters, separators=(",", ":"))
        is_public = target.startswith("/api/v5/public/")
        headers = self.public_headers() if is_public else self.headers(method, target, body)
        sent = time.monotonic()
        connection.request(method, target, body or None, headers)
        return sent

    def receive(self, connection, sent):
        response = connection.getresponse()
        return answer_from(response.status, response.read(BODY_MAX), sent)

    def pace_of(self, target):
        path = target.partition("?")[0]
        return self.paces.setdefault(path, Pace(*LIMITS.get(path, OTHERS)))

    def ask(self, method, target, parameters=None):
        """One request, when its limit allows it. A read that was lost is asked again, once."""
        pace = self.pace_of(target)
        for again in (method == "GET", False):
            pace.wait()
            if time.monotonic() > self.last_used + IDLE_S:
                self.connection.close()  # it opens by itself; OKX may have closed it, and a lost POST is not sent again
            try:
                return self.receive(self.connection, self.send(self.connection, method, target, parameters))
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                if not again:
                    what = f"{method} {target.partition('?')[0]}"
                    raise Trouble(f"{self.host}:{self.port}: {what}: {error or type(error).__name__}") from None
            finally:
                pace.ended()
                self.last_used = time.monotonic()
        raise AssertionError("one of the two turns returns or raises")

    def start_over(self):
        """A request may be under way whose answer nobody reads."""
        self.connection.close()
        self.connection = self.connect()

    def read_clock(self):
        begun = time.time()
        answer = self.ask("GET", "/api/v5/public/time")
        try:
            self.ahead_s = int(answer.rows[0]["ts"]) / 1000 - (begun + time.time()) / 2
        except (LookupError, TypeError, ValueError):
            raise Trouble(f"{self.host}:{self.port} does not tell the time as OKX does: {answer}") from None

    def mass_cancel(self, family, lock_ms=0):
        return self.ask("POST", "/api/v5/trade/mass-cancel", mass_cancel_of(family, lock_ms))


def mass_cancel_of(family, lock_ms=0):
    return {"instType": "OPTION", "instFamily": family, "lockInterval": str(lock_ms)}
