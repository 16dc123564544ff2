"""What a kill costs, counted from outside: the system calls on its way, and the memory of all of it."""
import re
import shutil
import unittest

from lab import DELTA_RULE, IS_SANITIZED, Lab, eventually, rule

FIVE = [f"mm-1/{name}-USD" for name in ("BTC", "ETH", "SOL", "XRP", "ADA")]
BTC = FIVE[0]
MEMORY_MAX_KB = 32 * 1024

# A TLS record of application data that the kernel took whole. A rehearsal has fewer than 300 bytes; an authenticated
# read is as long as a cancel, and follows it.
RECORD = re.compile(r'(?:sendto|write)\(\d+, "\\27\\3\\3.* = (\d+)$')
# What the loop does between two looks at its rings while nothing happens, now and then with its CPU time.
IDLE_LOOK = re.compile(r"epoll_wait\(.*, 0\) += 0$|clock_gettime\(CLOCK_THREAD_CPUTIME_ID")


def is_attempt(call):
    record = RECORD.match(call)
    return record is not None and int(record[1]) > 300


class TracedLab(Lab):
    """A scramd that spins under strace from its first call on; only the loop's thread is traced."""

    def start(self, rules, stamps, records):
        self.trace = self.folder / "calls"
        # -D: strace is a child of scramd, not its parent.
        strace = ["strace", "-D", "-q", "-s", "8", "-o", self.trace]
        more = (f'wait = "spin"\n[wire]\nwarm_every_ms = 0\nstamps = {stamps}\nrecords = "{records}"\n'
                "[timings]\nrehearse_every_ms = 300000\naccount_check_s = 3600\n")
        daemon = self.scramd(rules, inside=strace, families=FIVE, more=more,
                             exchange="resign_every_ms = 10000").await_ready()
        # The reads of a start are over.
        eventually(lambda: all("mmp" in family for family in daemon.status()["families"]), "all read", 20)
        return daemon

    def await_idle(self):
        """From now on nothing but looks at the kernel that find nothing: whoever asked before is gone."""
        seen = len(self.trace.read_text().splitlines())

        def is_idle():
            last = self.trace.read_text().splitlines()[seen:-1][-30:]
            return len(last) == 30 and all(IDLE_LOOK.match(call) for call in last)
        eventually(is_idle, "an idle loop")
        return seen

    def calls(self):
        """All that the loop did until its end."""
        eventually(lambda: "+++ exited" in self.trace.read_text(), "the whole trace")
        return self.trace.read_text().splitlines()


@unittest.skipIf(shutil.which("strace") is None, "no strace")
@unittest.skipIf(IS_SANITIZED, "sanitizers make calls of their own")
class Calls(unittest.TestCase):
    def calls_of_a_breach(self, kills, stamps="true", records="sealed"):
        """From the loop's last look at the kernel before it read the breach, to the last attempt of the breach."""
        with TracedLab() as lab:
            breach = rule("delta", "limit", metric="delta", families=[BTC], beyond=25, kills=kills)
            daemon = lab.start(breach, stamps, records)
            maker = lab.ring_source()
            maker.publish(BTC, "delta", 1)
            daemon.await_value(BTC, "delta", 1)
            idle = lab.await_idle()
            maker.publish(BTC, "delta", 26)
            for family in kills:
                # By its log: a question on the control socket would stand in the trace.
                daemon.await_log(f">accepted trip=1 family={family} ")
            daemon.stop()
            calls = lab.calls()
            self.assertEqual(daemon.log().count(">fired "), len(kills), "each family has one attempt")
        attempts = [n for n, call in enumerate(calls) if n >= idle and is_attempt(call)][:len(kills)]
        return calls[attempts[0] - 1:attempts[-1] + 1]

    def is_one_call_for_each(self, kills, **wire):
        look, *calls = self.calls_of_a_breach(kills, **wire)
        self.assertRegex(look, IDLE_LOOK)
        self.assertEqual(len(calls), len(kills), calls)

    def test_between_the_ring_and_the_wire_is_one_system_call_and_so_no_wait_for_a_lock(self):
        for stamps in ("true", "false"):
            for records in ("sealed", "plain"):
                with self.subTest(stamps=stamps, records=records):
                    self.is_one_call_for_each([BTC], stamps=stamps, records=records)

    def test_a_breach_that_cancels_five_families_is_five_system_calls_in_a_row(self):
        self.is_one_call_for_each(FIVE)

    def test_these_tests_would_see_another_call(self):
        """Above, the calls are counted up to the send. Behind it, others follow: they are seen."""
        with TracedLab() as lab:
            daemon = lab.start(DELTA_RULE, "false", "sealed")
            maker = lab.ring_source()
            idle = lab.await_idle()
            maker.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            daemon.stop()
            calls = lab.calls()
        attempt = next(n for n, call in enumerate(calls) if n >= idle and is_attempt(call))
        self.assertFalse(IDLE_LOOK.match(calls[attempt + 1]), calls[attempt:attempt + 3])


class Memory(unittest.TestCase):
    @unittest.skipIf(IS_SANITIZED, "sanitizers take memory of their own")
    def test_100_families_on_5_links_take_less_than_32_mib_after_a_trip_of_all(self):
        families = [f"mm-1/F{n}-USD" for n in range(100)]
        with Lab() as lab:
            daemon = lab.scramd(DELTA_RULE, families=families).await_ready()
            maker = lab.ring_source()
            for family in families:
                maker.publish(family, "delta", 26)
            eventually(lambda: sum(f["state"] in ("accepted", "verified") for f in daemon.status()["families"]) >= 5,
                       "the first five are accepted")
            self.assertEqual({f["gate"] for f in daemon.status()["families"]}, {"closed"})
            self.assertLess(self.resident_kb(daemon), MEMORY_MAX_KB)

    def resident_kb(self, daemon):
        with open(f"/proc/{daemon.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])
