"""A thousand sources at once: all attached, all publishing; one trips and one vanishes."""
import resource
import unittest

from lab import Lab, eventually

BTC, ETH, SOL = "mm-1/BTC-USD", "mm-1/ETH-USD", "mm-1/SOL-USD"
COUNT = 1000
DESCRIPTORS = 3 * COUNT + 200  # a socket, the gates and a ring for each, and what a process has anyway


class Crowd(unittest.TestCase):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
            self.skipTest(f"{DESCRIPTORS} file descriptors are needed, the hard limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def test_1000_sources_attach_and_publish_one_trips_another_vanishes(self):
        self.publish_trip_and_vanish(Lab.source)

    def test_1000_rings_are_read_one_trips_and_another_vanishes(self):
        self.publish_trip_and_vanish(Lab.ring_source)

    def publish_trip_and_vanish(self, kind_of_source):
        names = [f"maker-{n}" for n in range(COUNT)]
        # The last has ETH for itself, so that its end is told from all else; SOL is nobody's trouble.
        sources = [(name, [BTC, SOL]) for name in names[:-1]] + [(names[-1], [ETH])]
        with Lab() as lab:
            for family in ("BTC-USD", "ETH-USD", "SOL-USD"):
                lab.sim.quote(family, 5)
            daemon = lab.scramd(sources=sources, families=(BTC, ETH, SOL)).await_ready()
            makers = [kind_of_source(lab, name) for name in names]
            self.assertEqual({s["phase"] for s in daemon.status()["sources"]}, {"attached"})
            for maker in makers[:-1]:
                maker.publish(BTC, "delta", 1 / 64)
                maker.publish(SOL, "delta", -1 / 64)
                maker.heartbeat()
            daemon.await_value(BTC, "delta", 999 / 64)
            daemon.await_value(SOL, "delta", -999 / 64)
            self.assertEqual({f["state"] for f in daemon.status()["families"]}, {"armed"})
            makers[500].publish(BTC, "delta", 11)
            daemon.await_state(BTC, "accepted")
            daemon.await_log("rule=delta")
            makers[-1].heartbeat()
            makers[-1].vanish()
            daemon.await_state(ETH, "accepted")
            daemon.await_log(f"rule=gone source={names[-1]}")
            self.assertEqual(daemon.family(SOL)["state"], "armed")
            self.assertEqual([lab.sim.family(f)["mmp"] for f in ("BTC-USD", "ETH-USD", "SOL-USD")], [0, 0, 5])
            self.all_see_the_gates(makers[:-1])

    def all_see_the_gates(self, makers):
        self.assertEqual({(maker.gate(BTC), maker.gate(SOL)) for maker in makers}, {(1, 0)})

    def test_1000_sources_that_all_die_at_once_stay_within_the_budget(self):
        """A thousand breaches of rule `gone`; Lab asks okxsim for its count."""
        names = [f"maker-{n}" for n in range(COUNT)]
        with Lab() as lab:
            daemon = lab.scramd(sources=names).await_ready()
            makers = [lab.source(name) for name in names]
            for maker in makers:
                maker.heartbeat()
                maker.vanish()
            for family in (BTC, ETH):
                daemon.await_state(family, "accepted", 20)
            eventually(lambda: {s["phase"] for s in daemon.status()["sources"]} == {"vanished"}, "all are gone")
            eventually(lambda: all(f["state"] in ("accepted", "verified") for f in daemon.status()["families"]), "accepted")


class Links(unittest.TestCase):
    def test_more_links_than_can_be_rehearsed_as_often_as_wanted_are_rehearsed_in_turns(self):
        """Ten links, each wanted each second, and four rehearsals a second: no link is left out."""
        accounts = ("mm-1", "mm-2")
        with Lab(accounts=accounts) as lab:
            daemon = lab.scramd(families=(BTC, "mm-2/BTC-USD"), more="[timings]\nrehearse_every_ms = 1000\n")
            eventually(lambda: len(daemon_links(daemon)) == 10, "ten links", 20)
            eventually(lambda: all("rehearsed_ms_ago" in link for link in daemon.links()),
                       lambda: f"each is rehearsed: {daemon.links()}", 20)
            daemon.await_ready(10)


def daemon_links(daemon):
    try:
        return [link for link in daemon.links() if link["phase"] != "down"]
    except OSError:  # not listening yet
        return []
