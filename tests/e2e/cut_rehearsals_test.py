"""Something on the way cuts rehearsals alone (GET public/time) and lets cancels pass."""
import re
import time
import unittest

from lab import Lab, Scramd, eventually, ms

BTC = "mm-1/BTC-USD"
OFTEN = f"[timings]\nrehearse_every_ms = 1000\nanswer_timeout_ms = {ms(400)}\n"
KILLS = 12


def waited(log):
    """Of all trips, how many had to wait until a link came up or was free before their cancel left."""
    events = re.findall(r">(tripped|fired|link_up|link_down|rehearsal_lost) ", log)
    after = [events[i + 1] for i, event in enumerate(events[:-1]) if event == "tripped"]
    return len(after), sum(event != "fired" for event in after)


class CutRehearsals(unittest.TestCase):
    def start(self, lab, kind, links):
        """A daemon whose rehearsals have failed for long enough that every pause would have grown."""
        text = lab.config(more=OFTEN, account_keys=f"links = {links}")
        text = text.replace("reconnect_max_ms = 200\n", "")  # as long as by default
        daemon = lab.add(Scramd(lab.folder, text)).await_ready(links)
        lab.sim.fault(kind, on="time", count=-1)
        eventually(lambda: daemon.status()["accounts"][0]["rehearsals_failed"] >= 8 * links, "rehearsals fail", 90)
        return daemon

    def assert_mostly_up(self, daemon):
        """Each link alone. With pauses that grow they are down for four fifths of the time."""
        phases = []
        for _ in range(50):
            phases += [link["phase"] for link in daemon.links()]
            time.sleep(0.07)
        self.assertLess(phases.count("down"), len(phases) / 2, phases)

    def kill_again_and_again(self, lab, daemon):
        source = lab.source()
        for i in range(KILLS):
            time.sleep(0.1 + 0.07 * i)  # at all phases of the rehearsals
            source.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            source.publish(BTC, "delta", 0)
            eventually(lambda: daemon.rearm(BTC, "next")[0] == 0, "armed again")
        return waited(daemon.log())

    def test_resets_of_rehearsals_leave_a_link_for_each_kill(self):
        with Lab() as lab:
            daemon = self.start(lab, "reset", 5)
            self.assert_mostly_up(daemon)
            self.assertEqual(self.kill_again_and_again(lab, daemon), (KILLS, 0))
            self.assertGreater(daemon.status()["accounts"][0]["up_share"], 0.98)

    def test_rehearsals_that_are_swallowed_leave_a_link_for_each_kill(self):
        with Lab() as lab:
            daemon = self.start(lab, "silent", 3)
            self.assertEqual(self.kill_again_and_again(lab, daemon), (KILLS, 0))

    def test_of_two_links_one_is_up(self):
        with Lab() as lab:
            daemon = self.start(lab, "reset", 2)
            self.assert_mostly_up(daemon)
            self.assertEqual(self.kill_again_and_again(lab, daemon), (KILLS, 0))

    def test_an_only_link_is_up_for_most_of_the_time(self):
        with Lab() as lab:
            self.assert_mostly_up(self.start(lab, "reset", 1))

    def test_ready_says_that_rehearsals_fail_while_links_come_up(self):
        with Lab() as lab:
            daemon = self.start(lab, "reset", 5)
            code, out, _ = daemon.ctl("ready")
            self.assertEqual(code, 1, out)
            self.assertRegex(out, r"account mm-1: \d+ rehearsals in a row failed while links come up \(\d up now, "
                                  r"one at least for \d+ % of the last minute; lost: ")
            connects = lab.sim.state()["connections_total"]
            time.sleep(3)
            # One per link and rehearse_every; here that many take it and as many again for those on their way.
            self.assertLess(lab.sim.state()["connections_total"] - connects, 5 * 3 + 5 + 1)
            lab.sim.clear_faults()
            eventually(lambda: daemon.ctl("ready")[0] == 0, lambda: daemon.ctl("ready")[1], 20)
