"""Do the manual pages name everything, and do they format?  manual_test.py, with $SCRAM_BIN naming the programs"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGES = sorted((ROOT / "docs/man").glob("*.[1-8]"))
BIN = pathlib.Path(os.environ.get("SCRAM_BIN", ROOT / "build/dev/bin"))


def words(page):
    """What a page says, without its macros."""
    text = (ROOT / "docs/man" / page).read_text()
    return set(re.findall(r"[A-Za-z_][\w-]*", text.replace("\\-", "-")))


def help_of(program, *command):
    done = subprocess.run([BIN / program, *command, "--help"], capture_output=True, text=True)
    return done.stdout


def options_in(text):
    return {option.removeprefix("--") for option in re.findall(r"--[a-z][a-z-]*", text)}


class Names(unittest.TestCase):
    def check(self, page, names):
        self.assertTrue(names, "something is looked for")
        known = {word.removeprefix("-") for word in words(page)}
        self.assertEqual(sorted(set(names) - known), [], f"{page} does not name these")

    def test_every_key_that_the_sample_shows(self):
        sample = (ROOT / "config/scramd.toml").read_text()
        keys = set(re.findall(r"^#?([a-z_]+) = ", sample, re.MULTILINE))
        keys |= set(re.findall(r"^#? *([a-z_]+(?:_ms)?)  +\S", sample, re.MULTILINE))  # the lists of keys
        self.check("scramd.toml.5", keys | set(re.findall(r"^\[+([a-z]+)\]", sample, re.MULTILINE)))

    def test_every_key_that_the_program_reads(self):
        source = "".join(path.read_text() for path in sorted((ROOT / "config").rglob("*.cpp")))
        readers = r'\b(?:read\w*|need|text|list|tables?|has)\((?:\*?\w+, )?"([a-z_]+)"'
        self.check("scramd.toml.5", set(re.findall(readers, source)))

    def test_every_command_and_option_of_scramctl(self):
        overview = help_of("scramctl")
        commands = re.findall(r"^  ([a-z][a-z-]*) {3,}", overview, re.MULTILINE)
        options = set().union(*(options_in(help_of("scramctl", command)) for command in commands))
        self.check("scramctl.1", {*commands, *options, *options_in(overview)})

    def test_every_option_of_the_daemon(self):
        self.check("scramd.8", options_in(help_of("scramd")))

    def test_every_option_of_scram_now(self):
        if not (BIN / "scram-now").exists():
            self.skipTest("scram-now is not built")
        self.check("scram-now.1", options_in(help_of("scram-now")))

    def test_every_option_of_the_exporter(self):
        self.check("scramd-exporter.8", options_in(help_of("scramd-exporter")))

    def test_every_option_and_key_of_scram_notify(self):
        sample = (ROOT / "config/scram-notify.toml").read_text()
        keys = set(re.findall(r"^#?([a-z_]+) = ", sample, re.MULTILINE))
        source = (ROOT / "daemon/scram_notify/config.cpp").read_text()
        read = set(re.findall(r'\b(?:read\w*|need|text|tables?)\((?:\w+, )?"([a-z_]+)"', source))
        self.assertEqual(keys | {"target"}, read)
        self.check("scram-notify.8", options_in(help_of("scram-notify")) | read)

    def test_every_option_of_scram_probe(self):
        program = ROOT / "daemon/scram_probe/scram-probe"
        done = subprocess.run([sys.executable, program, "--help"], capture_output=True, text=True)
        self.check("scram-probe.1", options_in(done.stdout))

    def test_every_function_result_and_constant_of_the_library(self):
        header = (ROOT / "client/scram.h").read_text()
        functions = set(re.findall(r"\b(scram_[a-z]+)\(", header))
        self.check("scram.h.3", functions | set(re.findall(r"^ +(SCRAM_[A-Z_]+)", header, re.MULTILINE)))

    def test_the_completion_knows_every_command(self):
        completion = (ROOT / "config/package/scramctl.bash").read_text()
        for command in re.findall(r"^  ([a-z][a-z-]*) {3,}", help_of("scramctl"), re.MULTILINE):
            self.assertIn(command, completion)


def names_in(path, array):
    """An array of the sources: the names of an enum."""
    return set(re.findall(r'"([a-z_]+)"', re.search(rf"\b{array}\b[^=;]* = {{(.*?)}};", (ROOT / path).read_text(), re.DOTALL)[1]))


class Interfaces(unittest.TestCase):
    """docs/interfaces.md is what scripts rely on: what is not in it, or no longer true, fails here."""

    text = (ROOT / "docs/interfaces.md").read_text()

    def section(self, title):
        return self.text.split(f"\n## {title}\n")[1].split("\n## ")[0]

    def test_it_lists_the_log_events_and_no_others(self):
        listed = re.findall(r"^\| `([a-z_]+)` \| \S", self.section("Log events"), re.MULTILINE)
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual(set(listed), names_in("core/model/events.h", "event_kind_names") |
                         names_in("daemon/log/line.cpp", "event_names"))

    def test_it_lists_the_metrics_and_no_others(self):
        rows = re.findall(r"^\| `(scramd_[a-z_]+)` \|", self.section("Metrics"), re.MULTILINE)
        self.assertEqual(len(rows), len(set(rows)))
        source = "".join(path.read_text() for path in sorted((ROOT / "daemon/scramd_exporter").glob("metrics*.cpp")))
        self.assertEqual({re.sub("_(total|info)$", "", name) for name in rows}, set(re.findall(r'"(scramd_[a-z_]+)"', source)))

    def test_the_alert_rules_and_the_dashboard_ask_for_metrics_that_there_are(self):
        rows = set(re.findall(r"^\| `(scramd_[a-z_]+)` \|", self.section("Metrics"), re.MULTILINE))
        for name in ("scramd.rules.yml", "scramd.dashboard.json"):
            asked = set(re.findall(r"\b(scramd_[a-z_]+)\b", (ROOT / "config/monitoring" / name).read_text()))
            self.assertTrue(asked)
            self.assertEqual({re.sub("_bucket$", "", metric) for metric in asked} - rows, set(), name)

    def test_the_guide_lists_the_alerts_and_no_others(self):
        rules = (ROOT / "config/monitoring/scramd.rules.yml").read_text()
        listed = re.findall(r"^\| (Scramd\w+) \| (\w+) \|", (ROOT / "docs/operator.md").read_text(), re.MULTILINE)
        self.assertEqual(listed, re.findall(r"- alert: (\w+)\n.*?severity: (\w+)", rules, re.DOTALL))

    def test_it_lists_the_kinds_of_refusals(self):
        listed = set(re.findall("`([a-z_]+)`", self.section("Log events").split("The `kind` of `refused`")[1]))
        rights = names_in("config/toml/rights.cpp", "right_names")
        self.assertEqual(listed - {"refused"}, rights | names_in("daemon/control/refusals.cpp", "refused_names"))

    def test_it_lists_the_reasons_for_not_being_ready(self):
        listed = re.search(r"^`reason_code` is one of (.*?)\.$", self.text, re.MULTILINE | re.DOTALL)[1]
        self.assertEqual(set(re.findall("`([a-z_]+)`", listed)),
                         names_in("core/engine/readiness.h", "not_ready_reason_names"))

    def test_it_has_the_exit_codes_of_each_program(self):
        for program, source in (("scramctl", "scramctl/exit.h"), ("scramd", "scramd/main.cpp"),
                                ("scram-now", "scram_now/main.cpp"), ("scramd-exporter", "scramd_exporter/main.cpp"),
                                ("scram-notify", "scram_notify/main.cpp")):
            row = re.search(rf"^\| `{program}` \|(.*)\|$", self.section("Exit codes"), re.MULTILINE)[1].split("|")
            codes = re.search(r"enum Exit \{(.*?)\}", (ROOT / "daemon" / source).read_text(), re.DOTALL)[1]
            self.assertEqual([str(code) for code, text in enumerate(row) if text.strip()],
                             re.findall(r"= (\d)", codes), program)

    def test_it_has_the_exit_codes_of_scram_probe(self):
        row = re.search(r"^\| `scram-probe` \|(.*)\|$", self.section("Exit codes"), re.MULTILINE)[1].split("|")
        codes = re.search(r"EXITS = \(([\d, ]+)\)", (ROOT / "daemon/scram_probe/trouble.py").read_text())[1]
        self.assertEqual([str(code) for code, text in enumerate(row) if text.strip()], codes.split(", "))

    def test_it_has_the_versions_of_the_protocols(self):
        versions = dict(re.findall(r"^\| (\w+) socket[\w ]* \| (\d+) \|", self.section("Protocols"), re.MULTILINE))
        signal = re.search(r"SCRAM_VERSION = (\d+)", (ROOT / "core/signal.h").read_text())[1]
        control = re.search(r"control_version = (\d+)", (ROOT / "daemon/control/protocol.h").read_text())[1]
        self.assertEqual(versions, {"signal": signal, "control": control})


class Words(unittest.TestCase):
    """Terms that stood for something else than their plain meaning, each with what replaced it. The log of changes
    may name them."""

    RETIRED = {
        r"\b(he|him|his)\b": "they",
        r"\bmend(s|ed)?\b": "fix, correct",
        r"\buntold\b": "suppressed",
        r"\blacking\b": "missing, not ready",
        r"\bby and by\b": "on the next cycle",
        r"\bwent well\b": "successful",
        r"three in the morning": "(a plain heading)",
        r"\bwho sleeps\b": "a sleeping client",
        r"\bstill holds\b|STILL HOLDS": "is still in breach",
        r"\blongest turn\b": "longest event-loop iteration",
        r"\bcannot go on\b": "fatal",
        r"\bwants (a|an|its|the)\b": "needs, is required",
        r"\bsomebody else (spends|uses)\b": "another client",
        r"without (goodbye|saying so)\b": "without detaching, without a clean shutdown",
        r"operator's hand": "control",
        r"\bstands? here; accepted\b|\bstands here\b": "expected WHAT, got WHAT",
        r"\b(journal_(trouble|mended|board)|receipts_(trouble|mended)|longest_turn|untold_breaches)\b": "(its new name)",
        r"\breach what=": "sandbox_incomplete feature=",
    }
    LITERAL = re.compile(r"""//[^\n]*|/\*.*?\*/|"((?:[^"\\\n]|\\.)*)"|'(?:[^'\\\n]|\\.)'""", re.DOTALL)

    def texts(self):
        pages = [*(page for page in ROOT.glob("*.md") if page.name != "CHANGELOG.md"), *ROOT.glob("docs/*.md"), *PAGES, *ROOT.glob("config/*.toml"),
                 *ROOT.glob("config/samples/*.toml")]
        for page in pages:
            yield page, page.read_text()
        for part in ("core", "config", "net", "daemon", "client"):
            for source in sorted((ROOT / part).rglob("*")):
                if source.suffix in (".cpp", ".h", ".c", ".hpp"):
                    found = self.LITERAL.finditer(source.read_text())
                    yield source, "\n".join(match[1] for match in found if match[1])

    def test_no_message_or_document_has_a_retired_term(self):
        self.assertEqual([f"{path.relative_to(ROOT)}: {match[0]!r}: say: {instead}"
                          for path, text in self.texts() for term, instead in self.RETIRED.items()
                          for match in re.finditer(term, text)], [])


class Paths(unittest.TestCase):
    def test_every_file_that_a_document_names_is_there(self):
        named = re.compile(r"`((?:core|config|net|daemon|client|tests|bench|docs)/[\w./-]+)`")
        missing = [f"{page.relative_to(ROOT)}: {path}"
                   for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "bench/README.md")
                   for path in named.findall(page.read_text()) if not (ROOT / path).exists()]
        self.assertEqual(missing, [])


class Format(unittest.TestCase):
    def complaints(self, tool, *arguments, but="(?!)"):
        if shutil.which(tool) is None:
            self.skipTest(f"{tool} is not installed")
        for page in PAGES:
            done = subprocess.run([tool, *arguments, page], capture_output=True, text=True)
            lines = [line for line in (done.stdout + done.stderr).splitlines() if not re.search(but, line)]
            self.assertEqual(lines, [], page)

    def test_groff_warns_of_nothing(self):
        self.complaints("groff", "-mdoc", "-ww", "-z", "-Tutf8")

    def test_mandoc_warns_of_nothing(self):
        self.complaints("mandoc", "-Tlint", "-W", "warning", but="outdated mandoc.db")

    def test_each_page_has_the_name_of_its_file(self):
        for page in PAGES:
            name, section = page.name.rsplit(".", 1)
            self.assertIn(f".Dt {name.upper()} {section}\n", page.read_text())


if __name__ == "__main__":
    unittest.main()
