"""What was seen, put into a word: functions of answers and times alone."""
import typing

MARGIN_S = 0.2  # between two clocks' readings that have to differ
LOCKED = "54008"
MISSING_CODES = ("50038", "50005", "404")  # not in demo; closed; no such path


class Finding(typing.NamedTuple):
    value: object  # a text, a number or true; nothing: it stays open
    detail: str  # a sentence for a person; of what is open: why


def opened(why):
    return Finding(None, why)


def mass_cancel(answer):
    """Of a family in which nothing rests."""
    if answer.outcome in MISSING_CODES or answer.status == 404:
        return Finding("missing", f"OKX has no mass-cancel here: {answer}")
    if answer.ok or answer.outcome == "51405":
        return Finding("works", f"answered with {answer}")
    if answer.throttled:
        return opened(f"another client uses this account's budget of mass-cancels: {answer}")
    if not answer.outcome or answer.status >= 500:
        return opened(f"no answer that says it: {answer}")
    return Finding("refused", f"{answer}")


def empty_family(answer):
    if not answer.ok:
        return Finding(answer.outcome, f"a family without orders is answered with {answer}")
    value = "true" if answer.row.get("result") is True else "false"
    return Finding(value, f"a family without orders is answered with code 0, result {value}")


def window(answers, span_s, empty_code):
    """(kind, slots, code) of six requests within `span_s`, three at either end of it."""
    taken = sum(answer.outcome in ("0", empty_code) for answer in answers)
    refused = [answer for answer in answers if answer.throttled]
    if span_s >= 2:
        return (opened(f"six requests took {span_s:.1f} s: this connection is too slow to tell"),) * 3
    if taken + len(refused) < len(answers):
        odd = next(answer for answer in answers if not answer.throttled and answer.outcome not in ("0", empty_code))
        return (opened(f"one of six requests was answered with {odd}"),) * 3
    if not refused:
        why = "all six requests were taken"
        kind = f"six requests within {span_s:.1f} s were taken: a fixed window, a token bucket, or no limit"
        return Finding("fixed", kind), opened(why), opened(why)
    kind = f"of six requests within {span_s:.1f} s {taken} were taken: sliding, or fixed with borders that were not met"
    return (Finding("sliding", kind),
            Finding(taken, f"{taken} requests are taken in 2 s"),
            Finding(refused[0].outcome, f"one request too many is answered with {refused[0]}"))


def units(answer, timeout_s, now_s):
    """Of the time at which cancel-all-after would fire."""
    if answer.outcome in MISSING_CODES or answer.status == 404:
        return Finding("missing", f"OKX has no cancel-all-after here: {answer}")
    if not answer.ok:
        return opened(f"cancel-all-after was answered with {answer}")
    text = str(answer.row.get("triggerTime", ""))
    due = now_s + timeout_s
    for name, per_second in (("seconds", 1), ("milliseconds", 1000)):
        if text.isascii() and text.isdigit() and abs(int(text) / per_second - due) < timeout_s / 2:
            return Finding(name, f"triggerTime is in {name}: {text}")
    return opened(f"triggerTime is no time in seconds or milliseconds: {text[:40]!r}")


def blocked(answer, held, words):
    """What a lock does to a request: `words` are for refused and taken; `held`: it must have lasted until then."""
    if answer.outcome == LOCKED:
        return Finding(words[0], f"answered with {answer}")
    if not answer.ok:
        return opened(f"answered with {answer}")
    if not held:
        return opened("it was taken, too slow to tell: the lock may have been over")
    return Finding(words[1], "it was taken")


class Renewal(typing.NamedTuple):
    """A lock of `length_s`, another while it held, when each was sent and answered, and what new orders met."""

    length_s: float
    first: tuple
    second: tuple
    refused_sent: float  # the last new order that the lock refused
    taken_answered: float  # the first one that was taken; nothing: none was


def renewal(seen):
    lasted = seen.refused_sent > seen.first[1] + seen.length_s + MARGIN_S
    if seen.taken_answered is None:
        return opened("new orders were refused until the end of the test")
    after = (f"it ended {seen.taken_answered - seen.first[1]:.1f} s after the first of {seen.length_s:g} s, "
             f"{seen.taken_answered - seen.second[1]:.1f} s after the second")
    if not lasted and seen.taken_answered < seen.second[0] + seen.length_s - MARGIN_S:
        return Finding("ignored", f"a lock while one holds changes nothing: {after}")
    if lasted and seen.taken_answered < seen.first[0] + 2 * seen.length_s - MARGIN_S:
        return Finding("restarts", f"a lock while one holds starts over: {after}")
    if seen.refused_sent > seen.second[1] + seen.length_s + MARGIN_S:
        return Finding("adds", f"a lock while one holds prolongs it: {after}")
    return opened(f"too slow to tell: {after}")
