"""The probe's own orders: of minimum size, at one tick, so far below the mark that nobody sells there."""
import decimal
import re
import secrets
import time
import typing
import urllib.parse

from scram_probe.exchange import shown
from scram_probe.trouble import Trouble

MARK = "scramprobe"  # begins each client id, and is each tag
MMP_TYPES = ("mmp", "mmp_and_post_only")
TICKS_BELOW_MIN = 40  # the mark is at least so many ticks: two ticks are 5 % of it
PAGES_MAX = 50


class Spot(typing.NamedTuple):
    """Where an order rests."""

    instrument: str
    tick: decimal.Decimal
    size: str
    mark: decimal.Decimal

    def price(self, ticks=1):
        return format(self.tick * ticks, "f")


def number(text):
    try:
        value = decimal.Decimal(text)
        return value if value.is_finite() and value > 0 else None
    except (decimal.InvalidOperation, TypeError, ValueError):
        return None


def spot_among(instruments, marks, wanted=None):
    """The option whose mark is the most ticks away from one tick; of those that trade."""
    known = {row.get("instId"): number(row.get("markPx")) for row in marks}
    spots = []
    for row in instruments:
        name, tick, size = row.get("instId"), number(row.get("tickSz")), number(row.get("minSz"))
        mark = known.get(name)
        is_plain = re.fullmatch(r"[A-Z0-9_-]+", str(name))
        if row.get("state") == "live" and is_plain and tick and size and mark and wanted in (None, name):
            spots.append(Spot(name, tick, row["minSz"], mark))
    best = max(spots, key=lambda spot: spot.mark / spot.tick, default=None)
    if best is None:
        raise Trouble(f"no option that trades {'is named ' + wanted if wanted else 'has a mark price'}")
    if best.mark < TICKS_BELOW_MIN * best.tick:
        raise Trouble(f"the mark of {best.instrument} is {best.mark}, less than {TICKS_BELOW_MIN} ticks: "
                      "an order could fill; name another by --instrument")
    return best


class Orders:
    def __init__(self, exchange, family):
        self.exchange, self.family = exchange, family
        self.run, self.placed = secrets.token_hex(4), 0
        self.spot = None
        self.sent = {}  # client ids of orders that may rest, with their instruments
        self.may_rest = False  # those, or others of an earlier run

    def find_spot(self, wanted):
        query = f"?instType=OPTION&instFamily={urllib.parse.quote(self.family)}"
        instruments = self.exchange.ask("GET", "/api/v5/public/instruments" + query)
        if not instruments.ok:
            raise Trouble(f"OKX tells no instruments of {self.family}: {instruments}")
        marks = self.exchange.ask("GET", "/api/v5/public/mark-price" + query)
        self.spot = spot_among(instruments.rows, marks.rows, wanted)

    def place(self, kind):
        """Its answer; an order that was taken may rest until sweep()."""
        self.placed += 1
        self.may_rest = True
        client_id = f"{MARK}{self.run}{self.placed}"
        self.sent[client_id] = self.spot.instrument
        answer = self.exchange.ask("POST", "/api/v5/trade/order", {
            "instId": self.spot.instrument, "tdMode": "cross", "side": "buy", "ordType": kind, "px": self.spot.price(),
            "sz": self.spot.size, "clOrdId": client_id, "tag": MARK})
        if answer.status == 200 and answer.outcome and not answer.ok:
            del self.sent[client_id]
        if answer.ok and not answer.row.get("ordId"):
            raise Trouble("OKX took an order and does not tell its id")
        return answer

    def amend(self, order_id):
        return self.exchange.ask("POST", "/api/v5/trade/amend-order",
                                 {"instId": self.spot.instrument, "ordId": order_id, "newPx": self.spot.price(2)})

    def pending(self, mmp_only=False):
        """(rows, when the first page was asked for, when the last was answered)"""
        query = f"/api/v5/trade/orders-pending?instType=OPTION&instFamily={urllib.parse.quote(self.family)}"
        if mmp_only:
            query += "&ordType=" + ",".join(MMP_TYPES)
        rows, after, begun = {}, "", None
        for _ in range(PAGES_MAX):
            answer = self.exchange.ask("GET", query + after)
            begun = begun or answer.sent
            if not answer.ok or not all(row.get("ordId") and row.get("instId") for row in answer.rows):
                raise Trouble(f"the open orders of {self.family} cannot be read: {answer}")
            fresh = {row["ordId"]: row for row in answer.rows if row["ordId"] not in rows}
            rows |= fresh
            if len(answer.rows) < 100:
                return list(rows.values()), begun, answer.answered
            if not fresh:
                break
            after = "&after=" + urllib.parse.quote(str(answer.rows[-1]["ordId"]))
        raise Trouble(f"the list of open orders of {self.family} does not end")

    def lists(self, order_id):
        """Whether it is among the open ones, and the times of that."""
        rows, begun, answered = self.pending()
        return any(row["ordId"] == order_id for row in rows), begun, answered

    def cancel(self, rows):
        return [self.exchange.ask("POST", "/api/v5/trade/cancel-batch-orders", rows[at:at + 20])
                for at in range(0, len(rows), 20)]

    def sweep(self, patience_s=30):
        """Cancels what was sent, then what is listed, until two reads in a row, half a second apart, show nothing: the
        list may be late."""
        end, empty_reads = time.monotonic() + patience_s, 0
        self.cancel([{"instId": instrument, "clOrdId": client_id} for client_id, instrument in self.sent.items()])
        while empty_reads < 2:
            own = [row for row in self.pending()[0] if is_own(row)]
            empty_reads = 0 if own else empty_reads + 1
            self.cancel([{"instId": row["instId"], "ordId": row["ordId"]} for row in own])
            if own and time.monotonic() > end:
                raise Trouble(f"{len(own)} orders still rest: {', '.join(shown(row['ordId']) for row in own)}")
            time.sleep(0.5)
        self.sent, self.may_rest = {}, False


def is_own(row):
    return str(row.get("clOrdId", "")).startswith(MARK)
