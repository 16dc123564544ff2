"""What does a new scramd know of the one before? Peaceful ends, crashes, disks that fail, files that were changed."""
import json
import os
import resource
import shutil
import signal
import unittest

from lab import DELTA_RULE, Lab, Scramd, eventually, remove_at_once
from peers import TRIPPERS, TRIPPERS_RIGHTS, trip_by_many

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"


def journal_of(lab):
    return lab.folder / "journal"


def files(lab):
    return sorted(journal_of(lab).glob("journal-*"))


def printed(lab, daemon, *arguments):
    code, out, error = daemon.ctl("journal", "--directory", journal_of(lab), *arguments)
    return code, out, error


def records(lab, daemon):
    code, out, error = printed(lab, daemon, "--json")
    if code != 0:
        raise AssertionError(error)
    return [json.loads(line) for line in out.splitlines()]


def kinds(lab, daemon):
    return [record["event"] for record in records(lab, daemon)]


def settled(daemon):
    """Until the files hold every record."""
    def all_stored():
        journal = daemon.status()["journal"]
        return journal["records"] == journal["records_stored"]
    eventually(all_stored, lambda: f"all records stored: {daemon.status()['journal']}")


def trip(daemon, *families):
    for family in families or ("all",):
        answer = daemon.ask("trip", target=family, reason="test")
        assert answer["ok"], answer


def states(daemon):
    """What is verified is accepted, as far as a journal knows."""
    return {family["name"]: family["state"].replace("verified", "accepted") for family in daemon.status()["families"]}


class Peace(unittest.TestCase):
    def test_what_was_latched_is_latched_and_accepted_after_an_orderly_restart(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            trip(daemon, BTC)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(daemon.stop(), 0)
            requests = lab.sim.cancels()["requests"]
            daemon = lab.scramd().await_ready()
            self.assertEqual(states(daemon), {BTC: "accepted", ETH: "armed"})
            self.assertEqual(lab.source().gate(BTC), 1)
            self.assertEqual(lab.sim.cancels()["requests"], requests, "an accepted cancel is not sent again")
            self.assertIn("journal state=whole end=clean latched=1 unfinished=0", daemon.log())

    def test_arming_again_survives_a_restart_and_so_do_the_numbers(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            trip(daemon, BTC)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(daemon.ctl("rearm", BTC, "--reason", "calm", "--trip", 1)[0], 0)
            daemon.await_state(BTC, "armed")
            daemon.stop()
            daemon = lab.scramd().await_ready()
            self.assertEqual(states(daemon), {BTC: "armed", ETH: "armed"})
            self.assertEqual(daemon.ask("trip", target=ETH, reason="test")["trip"], 2)

    def test_an_unfinished_cancel_goes_on_after_a_restart(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            lab.sim.fault("result_false", count=-1)
            daemon = lab.scramd().await_ready()
            trip(daemon, BTC)
            eventually(lambda: lab.sim.cancels()["requests"] >= 1, "an attempt")
            daemon.stop()
            lab.sim.clear_faults()
            daemon = lab.scramd().await_ready()
            daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)

    def test_a_family_that_left_the_config_is_told_and_latched_when_it_is_back(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            trip(daemon, ETH)
            daemon.await_state(ETH, "accepted")
            daemon.stop()
            daemon = lab.scramd(families=(BTC,)).await_ready()
            self.assertIn(f"journal_family family={ETH}", daemon.log())
            daemon.stop()
            daemon = lab.scramd().await_ready()
            self.assertEqual(states(daemon), {BTC: "armed", ETH: "accepted"})

    def test_the_budget_is_kept_over_a_restart(self):
        families = tuple(f"mm-1/F{number}-USD" for number in range(5))
        with Lab() as lab:
            daemon = lab.scramd(families=families).await_ready()
            trip(daemon)
            for family in families:
                daemon.await_state(family, "accepted")
            daemon.stop()
            daemon = lab.scramd(families=families)
            daemon.await_ready(1)
            trip(daemon)
            for family in families:
                daemon.await_state(family, "accepted")
            # Until the exchange gives a sign of life, an attempt of the run before might end a lock: one more is sent.
            self.assertIn(lab.sim.cancels()["requests"], range(10, 16))
            lab.sim.check_budget()


class Crash(unittest.TestCase):
    def crashed(self, lab, after_crash):
        """BTC's cancel is unfinished, ETH is armed; killed, and started again."""
        lab.sim.quote("BTC-USD")
        lab.sim.quote("ETH-USD")
        lab.sim.fault("result_false", count=-1)
        daemon = lab.scramd().await_ready()
        trip(daemon, BTC)
        eventually(lambda: lab.sim.cancels()["requests"] >= 1, "an attempt")
        daemon.stop(signal.SIGKILL)
        lab.sim.clear_faults()
        daemon = lab.scramd(journal_keys=f'after_crash = "{after_crash}"').await_ready()
        daemon.await_state(BTC, "accepted")
        daemon.await_log(f"end=unclean latched={1 if after_crash == 'armed' else 2} ")
        return daemon

    def test_latched_latches_the_others_and_cancels_nothing_of_them(self):
        with Lab() as lab:
            daemon = self.crashed(lab, "latched")
            self.assertEqual(daemon.family(ETH)["gate"], "closed")
            self.assertEqual(lab.sim.family("ETH-USD")["mmp"], 10)
            self.assertEqual(daemon.ctl("rearm", ETH, "--reason", "looked at", "--trip",
                                        daemon.family(ETH)["trip"])[0], 0)
            daemon.await_state(ETH, "armed")

    def test_fire_cancels_the_others_too(self):
        with Lab() as lab:
            daemon = self.crashed(lab, "fire")
            daemon.await_state(ETH, "accepted")
            self.assertEqual(lab.sim.family("ETH-USD")["mmp"], 0)

    def test_armed_arms_the_others(self):
        with Lab() as lab:
            daemon = self.crashed(lab, "armed")
            self.assertEqual(daemon.family(ETH)["state"], "armed")
            self.assertEqual(lab.sim.family("ETH-USD")["mmp"], 10)

    def test_killed_again_and_again_in_mid_trip_it_never_forgets(self):
        with Lab() as lab:
            daemon = lab.scramd(journal_keys='after_crash = "armed"').await_ready()
            trip(daemon, BTC)
            for _ in range(5):
                daemon.stop(signal.SIGKILL)
                daemon = lab.scramd(journal_keys='after_crash = "armed"')
                eventually(lambda: self.up(daemon), "scramd answers")
                self.assertEqual(daemon.family(BTC)["gate"], "closed")
            daemon.await_state(BTC, "accepted", 20)
            self.assertEqual(printed(lab, daemon, "--verify")[0], 0)

    @staticmethod
    def up(daemon):
        try:
            return daemon.status()["ok"]
        except OSError:
            return False


class Damage(unittest.TestCase):
    def test_verify_finds_a_changed_byte_and_a_start_then_arms_nothing(self):
        with Lab() as lab:
            daemon = lab.scramd(journal_keys='after_crash = "armed"').await_ready()
            trip(daemon, BTC)
            daemon.await_state(BTC, "accepted")
            daemon.stop()
            code, out, _ = printed(lab, daemon, "--verify")
            self.assertEqual(code, 0)
            self.assertIn("1 files: whole", out)
            flip(files(lab)[0], 256 * 3 + 100)
            code, _, error = printed(lab, daemon, "--verify")
            self.assertEqual(code, 1)
            self.assertIn("journal-000001: record 3: ", error)
            self.assertIn("damaged", error)
            daemon = lab.scramd(journal_keys='after_crash = "armed"').await_ready()
            daemon.await_state(BTC, "accepted")
            self.assertEqual(daemon.family(ETH)["gate"], "closed")
            daemon.await_log("<2>journal state=damaged ")
            self.assertEqual(len(files(lab)), 2, "the damaged file stays as it is")

    def test_a_cut_file_is_made_whole_from_the_board(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            trip(daemon, BTC)
            daemon.await_state(BTC, "accepted")
            daemon.stop()
            os.truncate(files(lab)[0], 256 * 2 + 17)
            daemon = lab.scramd().await_ready()
            self.assertEqual(states(daemon), {BTC: "accepted", ETH: "armed"})
            settled(daemon)
            self.assertEqual(printed(lab, daemon, "--verify")[0], 0)

    def test_a_foreign_file_latches_all(self):
        with Lab() as lab:
            journal_of(lab).mkdir()
            (journal_of(lab) / "journal-000007").write_text("a letter to mother, " * 40)
            daemon = lab.scramd(journal_keys='after_crash = "armed"').await_ready()
            self.assertEqual({family["gate"] for family in daemon.status()["families"]}, {"closed"})
            daemon.await_log("state=foreign")

    def test_a_lost_journal_with_a_lost_board_is_a_first_start(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            daemon.stop()
            shutil.rmtree(journal_of(lab))
            (lab.folder / "control.sock.board").unlink()
            daemon = lab.scramd().await_ready()
            daemon.await_log("journal state=fresh end=clean")


class Disk(unittest.TestCase):
    def test_a_second_scramd_on_the_same_journal_does_not_start(self):
        with Lab() as lab, Lab() as other:
            lab.scramd().await_ready()
            text = other.config().replace(str(journal_of(other)), str(journal_of(lab)))
            second = other.add(Scramd(other.folder, text))
            self.assertEqual(second.ended(), 1)
            self.assertIn("another scramd runs on the journal in", second.log())

    def test_a_folder_that_is_removed_while_it_runs_is_told_and_made_again(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            trip(daemon, BTC)
            daemon.await_state(BTC, "accepted")
            settled(daemon)
            remove_at_once(journal_of(lab))
            daemon.await_log("<2>journal_error ")
            trip(daemon, ETH)
            daemon.await_state(ETH, "accepted")
            settled(daemon)
            eventually(lambda: daemon.status()["journal"]["healthy"], "healthy again")
            daemon.stop()
            daemon = lab.scramd().await_ready()
            self.assertEqual(states(daemon), {BTC: "accepted", ETH: "accepted"})

    def test_a_file_in_the_folders_place_is_told_and_latches_all_but_scramd_fires(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            journal_of(lab).write_text("in the way")
            daemon = lab.scramd().await_ready()
            journal = daemon.status()["journal"]
            self.assertEqual(journal["at_start"], "unread")
            eventually(lambda: not daemon.status()["journal"]["healthy"], "a trouble")
            self.assertEqual({family["gate"] for family in daemon.status()["families"]}, {"closed"})
            for family in (BTC, ETH):
                trip_id = daemon.family(family)["trip"]
                self.assertEqual(daemon.ctl("rearm", family, "--reason", "a new machine", "--trip", trip_id)[0], 0)
            trip(daemon, BTC)
            eventually(lambda: lab.sim.family("BTC-USD")["mmp"] == 0, "cancelled")
            journal_of(lab).unlink()
            daemon.await_log(">journal_recovered ")
            settled(daemon)
            self.assertIn("tripped", kinds(lab, daemon))

    def test_what_the_disk_does_not_take_stays_in_memory_until_it_does(self):
        """A limit on the size of files serves for a disk without room."""
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd().await_ready()
            settled(daemon)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))
            trip(daemon, BTC)
            eventually(lambda: lab.sim.family("BTC-USD")["mmp"] == 0, "cancelled all the same")
            eventually(lambda: not daemon.status()["journal"]["healthy"], "a trouble")
            self.assertIn("cannot write", daemon.status()["journal"]["reason"])
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            eventually(lambda: daemon.status()["journal"]["healthy"], "healthy again")
            settled(daemon)
            self.assertEqual(daemon.status()["journal"]["records_lost"], 0)
            daemon.stop()
            self.assertEqual(printed(lab, daemon, "--verify")[0], 0)


class Printing(unittest.TestCase):
    def test_where_there_is_no_journal_it_says_so(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            settled(daemon)
            code, _, error = daemon.ctl("journal", "--directory", lab.folder)
            self.assertEqual(code, 1)
            self.assertIn("no journal in", error)
            self.assertEqual(daemon.ctl("journal", "--directory", lab.folder / "nowhere")[0], 1)

    def test_it_prints_what_happened_as_text_and_as_json(self):
        with Lab() as lab:
            daemon = lab.scramd(rules=DELTA_RULE).await_ready()
            lab.source().publish(BTC, "delta", 27.5)
            daemon.await_state(BTC, "accepted")
            settled(daemon)
            code, out, _ = printed(lab, daemon)
            self.assertEqual(code, 0)
            line = next(line for line in out.splitlines() if " tripped " in line)
            for part in ("#2 ", "trip=1", "rule=delta", f"family={BTC}", "source=maker-1", "metric=delta",
                         "value=27.5", "limit=25"):
                self.assertIn(part, line)
            told = records(lab, daemon)[:6]  # a slow machine has verified it by now
            self.assertEqual([record["event"] for record in told],
                             ["started", "tripped", "latched", "fired", "answered", "accepted"])
            self.assertEqual([record["sequence"] for record in told], [1, 2, 3, 4, 5, 6])
            self.assertEqual(told[3]["link"][:5], "mm-1#")
            self.assertEqual(told[5]["class"], "accepted")

    def test_old_files_are_removed_and_a_latch_outlives_them(self):
        with Lab() as lab:
            small = "keep = 3\nfile_kib = 16"
            lab.folder.chmod(0o755)
            daemon = lab.scramd(journal_keys=small, more=TRIPPERS_RIGHTS).await_ready()
            trip(daemon, ETH)
            daemon.await_state(ETH, "accepted")
            trip_by_many(lab.folder, BTC, each=52, users=TRIPPERS[:5])
            settled(daemon)
            daemon.await_state(BTC, "accepted", 30)
            self.assertLessEqual(len(files(lab)), 3)
            self.assertNotEqual(files(lab)[0].name, "journal-000001")
            self.assertEqual(printed(lab, daemon, "--verify")[0], 0)
            daemon.stop()
            (lab.folder / "control.sock.board").unlink()
            daemon = lab.scramd(journal_keys=small).await_ready()
            self.assertEqual(states(daemon)[ETH], "accepted")


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
