"""What needs orders: how soon one shows and is gone, and what a lock refuses for how long."""
import time

from scram_probe import judge

LOCK_MS = 10_000
HOLD_MS = 4_000  # of the test that renews it, after half of it
POLL_S = 0.25
PATIENCE_S = 10
MMP, PLAIN = "mmp_and_post_only", "post_only"

OPEN_POINTS = ("shown_ms", "gone_ms", "plain_left", "lock", "lock_scope", "lock_amend", "lock_release", "lock_renewal")


def await_listed(orders, order_id, wanted, since):
    """Milliseconds until a read first showed it so, counted to its answer."""
    while True:
        listed, begun, answered = orders.lists(order_id)
        if listed == wanted:
            return judge.Finding(int((answered - since) * 1000), "by the answer of the first read that said so")
        if begun > since + PATIENCE_S:
            return judge.opened(f"after {PATIENCE_S} s it was {'not yet' if wanted else 'still'} in the list")


def visibility(exchange, orders):
    """How soon an order is in the list of open orders, and after a mass-cancel no more."""
    placed = orders.place(MMP)
    if not placed.ok:
        why = f"an order of type {MMP} was answered with {placed}"
        return {"shown_ms": judge.opened(why), "gone_ms": judge.opened(why)}
    order_id = placed.row["ordId"]
    found = {"shown_ms": await_listed(orders, order_id, True, placed.answered)}
    if found["shown_ms"].value is None:
        return found | {"gone_ms": judge.opened("it was never in the list")}
    cancelled = exchange.mass_cancel(orders.family)
    if not cancelled.ok:
        return found | {"gone_ms": judge.opened(f"the mass-cancel was answered with {cancelled}")}
    return found | {"gone_ms": await_listed(orders, order_id, False, cancelled.answered)}


def scope(exchange, orders):
    """One lock: what it refuses, what it leaves, and whether lockInterval 0 ends it."""
    plain = orders.place(PLAIN)
    locked = exchange.mass_cancel(orders.family, LOCK_MS)
    if not locked.ok and locked.outcome != "51405":
        return refused_lock(locked)
    mmp = orders.place(MMP)
    other = orders.place(PLAIN)
    amended = orders.amend(plain.row.get("ordId")) if plain.ok else plain
    held = time.monotonic() < locked.sent + LOCK_MS / 1000 - 1
    found = {"lock": judge.blocked(mmp, held, ("works", "absent"))}
    if found["lock"].value != "works":
        why = judge.opened(f"the lock is not seen to hold: {found['lock'].detail}")
        found |= dict.fromkeys(("lock_scope", "lock_amend", "lock_release"), why)
    else:
        found["lock_scope"] = judge.blocked(other, held, ("all", "mmp"))
        found["lock_amend"] = judge.blocked(amended, held, ("blocked", "free"))
        found["lock_release"] = release(exchange, orders)
    return found | {"plain_left": left(orders, plain)}


def refused_lock(answer):
    why = judge.opened(f"the lock was refused: {answer}")
    return {"lock": judge.Finding("refused", f"{answer}")} | dict.fromkeys(
        ("lock_scope", "lock_amend", "lock_release", "plain_left"), why)


def left(orders, plain):
    """By its cancel: the list of orders may be late."""
    if not plain.ok:
        return judge.opened(f"an order of type {PLAIN} was answered with {plain}")
    [answer] = orders.cancel([{"instId": orders.spot.instrument, "ordId": plain.row["ordId"]}])
    if answer.outcome not in ("0", "51400", "51401"):
        return judge.opened(f"its cancel was answered with {answer}")
    if answer.ok:
        return judge.Finding("yes", f"an order of type {PLAIN} rests on after a mass-cancel")
    return judge.Finding("no", f"an order of type {PLAIN} is gone after a mass-cancel")


def release(exchange, orders):
    answer = exchange.mass_cancel(orders.family, 0)
    if not answer.ok and answer.outcome != "51405":
        return judge.opened(f"lockInterval 0 was answered with {answer}")
    placed = orders.place(MMP)
    if placed.outcome == judge.LOCKED:
        return judge.Finding("no", "lockInterval 0 does not end a lock")
    return judge.Finding("yes", "lockInterval 0 ends a lock at once") if placed.ok else judge.opened(f"{placed}")


def renewal(exchange, orders):
    """A lock, another after half of it, and when the next order is taken."""
    length_s = HOLD_MS / 1000
    first = exchange.mass_cancel(orders.family, HOLD_MS)
    time.sleep(max(0.0, first.answered + length_s / 2 - time.monotonic()))
    second = exchange.mass_cancel(orders.family, HOLD_MS)
    if any(not answer.ok and answer.outcome != "51405" for answer in (first, second)):
        return {"lock_renewal": judge.opened(f"the locks were answered with {first}; {second}")}
    end = second.answered + 2 * length_s + 2
    refused_sent, taken_answered = first.sent, None
    while taken_answered is None and time.monotonic() < end:
        time.sleep(POLL_S)
        placed = orders.place(MMP)
        if placed.outcome == judge.LOCKED:
            refused_sent = placed.sent
        elif placed.ok:
            taken_answered = placed.answered
        else:
            return {"lock_renewal": judge.opened(f"a new order was answered with {placed}")}
    times = [(answer.sent, answer.answered) for answer in (first, second)]
    return {"lock_renewal": judge.renewal(judge.Renewal(length_s, *times, refused_sent, taken_answered))}
