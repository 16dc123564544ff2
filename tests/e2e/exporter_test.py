"""scramd-exporter: what monitors and browsers see of a scramd that fires, hangs, is killed, or was never there."""
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import browser
from exporter import MONITORING, Exporter, read_all
from lab import BIN, Lab, Process, eventually

BTC = "mm-1/BTC-USD"
PROMTOOL = shutil.which("promtool")
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def promtool(*arguments, given=None):
    done = subprocess.run([PROMTOOL, *arguments], input=given, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Metrics(unittest.TestCase):
    def test_a_trip_a_hang_and_an_end_are_seen(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            self.assertEqual(exporter.metrics()['scramd_page_state{state="missing"}'], "1")
            self.assertEqual(exporter.metrics()["scramd_up"], "0")
            self.assertEqual(exporter.ask("/healthz")[0], 503)
            daemon = lab.scramd(env={"WATCHDOG_USEC": "60000000"}).await_ready()
            before = exporter.await_metric("scramd_fires", "1")
            self.assertNotIn("scramd_trips_total", before)
            self.assertNotIn('scramd_value{family="mm-1/BTC-USD",metric="delta"}', before)
            self.assertEqual(exporter.ask("/healthz")[0], 200)
            lab.source().publish(BTC, "delta", 26)
            seen = exporter.await_metric(f'scramd_family_state{{family="{BTC}",state="verified"}}', "1")
            self.assertEqual(seen["scramd_trips_total"], "1")
            self.assertEqual(seen[f'scramd_family_latched{{family="{BTC}"}}'], "1")
            self.assertEqual(seen[f'scramd_value{{family="{BTC}",metric="delta"}}'], "26")
            self.assertEqual(seen['scramd_source_attached{source="maker-1"}'], "1")
            self.assertGreater(float(seen['scramd_latency_seconds_count{kind="attempts",stage="read_to_decided"}']), 0)
            self.check_buckets(seen, 'kind="attempts",stage="sent_to_answered"')
            self.check_hang(exporter, daemon)
            daemon.stop(signal.SIGKILL)
            exporter.await_metric('scramd_page_state{state="gone"}', "1")
            self.assertIn("GONE", exporter.ask("/healthz")[2])
            self.assertIn("IS GONE", exporter.ask("/")[2])
            self.assertEqual(exporter.stop(), 0)

    def check_buckets(self, seen, stage):
        bucket = f"scramd_request_stage_seconds_bucket{{{stage},le="
        counts = [float(value) for series, value in seen.items() if series.startswith(bucket)]
        self.assertEqual(len(counts), 26)
        self.assertEqual(counts, sorted(counts))
        count = float(seen[f"scramd_request_stage_seconds_count{{{stage}}}"])
        self.assertEqual((counts[0], counts[-1]), (0, count), "none takes less than 100 ns")
        self.assertGreater(count, 0)
        longest = float(seen[f'scramd_latency_seconds{{{stage},quantile="1"}}'])
        self.assertGreaterEqual(float(seen[f"scramd_request_stage_seconds_sum{{{stage}}}"]), longest)

    def check_hang(self, exporter, daemon):
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            while (seen := exporter.metrics())["scramd_up"] != "0":
                self.assertLess(time.monotonic() - began, 20, "a hang is seen")
                time.sleep(0.02)
            # What counts is how old the heartbeat is, whatever this machine is busy with.
            self.assertLess(float(seen["scramd_heartbeat_age_seconds"]), 2)
            self.assertEqual((seen["scramd_ready"], seen["scramd_fires"]), ("0", "0"))
            self.assertNotIn("scramd_trips_total", seen, "what is of the past is not told as of now")
            status, _, text = exporter.ask("/healthz")
            self.assertEqual(status, 503)
            self.assertRegex(text, r"HANGS: it has not moved for \d+\.\d s")
            self.assertRegex(exporter.ask("/")[2], r'class="verdict bad"[^>]*>HANGS<')
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        exporter.await_metric("scramd_up", "1")

    @unittest.skipIf(PROMTOOL is None, "promtool is not installed: ./dev deps test")
    def test_promtool_finds_nothing_wrong(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            exporter.await_metric(f'scramd_family_state{{family="{BTC}",state="verified"}}', "1")
            code, told = promtool("check", "metrics", given=exporter.ask("/metrics")[2])
            self.assertEqual((code, told), (0, ""))

    def test_openmetrics_for_those_who_ask_for_it(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            lab.scramd().await_ready()
            exporter.await_metric("scramd_fires", "1")
            _, headers, body = exporter.ask("/metrics", Accept=OPENMETRICS)
            self.assertTrue(headers["Content-Type"].startswith(OPENMETRICS))
            self.assertTrue(body.endswith("\n# EOF\n"))
            self.assertIn("# UNIT scramd_heartbeat_age_seconds seconds\n", body)
            self.assertIn("# TYPE scramd_journal_records counter\n", body)
            _, headers, body = exporter.ask("/metrics")
            self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
            self.assertNotIn("EOF", body)


class WebPage(unittest.TestCase):
    def test_it_needs_nothing_from_elsewhere_and_works_without_scripts(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            exporter.await_metric("scramd_trips_total", "1")
            eventually(lambda: "VERIFIED" in exporter.ask("/")[2], "the trip on the page")
            status, headers, body = exporter.ask("/")
            self.assertEqual(status, 200)
            policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
            self.assertEqual(policy.pop("default-src"), "'none'")
            self.assertLessEqual(set(policy.values()), {"'self'", "'none'"})
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(set(re.findall(r'(?:src|href)="([^"]*)"', body)), {"/page.css", "/page.js"})
            self.assertNotRegex(body, r"(?i)<(form|button|input|iframe|style)\b|<script>|\son\w+=|\sstyle=|javascript:")
            self.assertIn('name="viewport"', body)
            self.assertRegex(body, rf'<td>{BTC}</td><td class="alert">verified</td>')
            self.assertRegex(body, r"trip 1, \d+\.\d s ago: rule delta")
            for asset, kind in (("/page.css", "text/css"), ("/page.js", "text/javascript")):
                status, headers, text = exporter.ask(asset)
                self.assertEqual((status, headers["Content-Type"]), (200, kind))
                self.assertNotIn("http", text)

    def test_it_tells_what_a_drill_did_and_when_the_next_is_due(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            daemon = lab.scramd(more="drill_max_age_days = 8", family_keys="lock_ms = 0").await_ready()
            eventually(lambda: "<td class=\"alert\">none is known</td>" in exporter.ask("/")[2], "no drill so far")
            code, _, said = daemon.ctl("drill", BTC, "--reason", "<weekly>", "--yes", "--directory", lab.folder)
            self.assertEqual(code, 0, said)
            eventually(lambda: "armed by uid" in exporter.ask("/")[2], "the receipt on the page")
            body = exporter.ask("/")[2]
            self.assertRegex(body, r"<td>1 \(drill\)</td><td>VERIFIED</td>")
            self.assertRegex(body, r"sent [\d.e-]+ ms, .*accepted [\d.]+ m?s, verified [\d.]+ m?s; armed by uid \d+")
            self.assertIn("drill over: &lt;weekly&gt;", body)
            self.assertRegex(body, rf"<td>1</td><td>{BTC}</td><td>latched</td><td>[\d.]+ m?s</td><td>[\d.]+ m?s</td><td>1</td>")
            at = exporter.await_drill("mm-1")
            day = lambda its: time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(its))
            self.assertRegex(exporter.ask("/")[2], rf"<td>mm-1</td><td>{day(at)}\.\d+Z</td><td>{day(at + 8 * 86400)}\.")

    def test_events_follow_each_second(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            daemon = lab.scramd().await_ready()
            exporter.await_metric("scramd_fires", "1")
            with exporter.connect(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n") as stream:
                lines = stream.makefile("r")
                events = iter(line for line in lines if line.startswith("data: "))
                self.assertIn("READY", next(events))
                lab.source().publish(BTC, "delta", 26)
                daemon.await_state(BTC, "verified")
                self.assertTrue(any("VERIFIED" in next(events) for _ in range(10)))

    def test_only_questions_are_answered(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                status, headers, _ = exporter.ask("/", method)
                self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
            self.assertEqual(exporter.ask("/trip")[0], 404)
            self.assertEqual(exporter.ask("/../../etc/passwd")[0], 404)
            status, headers, body = exporter.ask("/metrics", "HEAD")
            self.assertEqual((status, body), (200, ""))
            self.assertGreater(int(headers["Content-Length"]), 0)
            self.assertEqual(exporter.ask("/", Host="attacker.example")[0], 421)


# The least contrast of any text of the page, by WCAG's formula.
LEAST_CONTRAST = """(() => {
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const behind = e => { const colour = getComputedStyle(e).backgroundColor;
                          return colour === "rgba(0, 0, 0, 0)" && e.parentElement ? behind(e.parentElement) : colour; };
    const ratios = [...document.querySelectorAll("body *")].filter(e => e.innerText).map(e => {
        const both = [light(getComputedStyle(e).color), light(behind(e))].sort((a, b) => b - a);
        return (both[0] + 0.05) / (both[1] + 0.05); });
    return Math.min(...ratios); })()"""


@unittest.skipIf(browser.PROGRAM is None, "chromium is not installed: ./dev deps test")
class InABrowser(unittest.TestCase):
    def test_a_phone_shows_each_state_as_it_comes(self):
        with Lab() as lab, browser.Browser(lab.folder) as phone:
            exporter = Exporter(lab)
            phone.open(exporter.at)
            self.shows(phone, "NO STATUS PAGE")
            daemon = lab.scramd(env={"WATCHDOG_USEC": "60000000"}).await_ready()
            self.shows(phone, "READY")
            lab.source().publish(BTC, "delta", 26)
            phone.await_value("document.body.innerText.includes('VERIFIED')", True)
            self.shows(phone, "READY", "tripped")
            phone.await_value("document.body.innerText.includes('What they did')", True)
            self.assertTrue(phone.value("document.body.innerText.includes('none is known')"), "no drill was made")
            self.assertEqual(phone.value("document.querySelectorAll('#board .verdict')[1].textContent"), "1 latched")
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                self.shows(phone, "HANGS")
            finally:
                daemon.process.send_signal(signal.SIGCONT)
            self.shows(phone, "READY")
            daemon.stop(signal.SIGKILL)
            self.shows(phone, "GONE")
            exporter.stop()
            phone.await_value("document.title", "NO ANSWER")
            phone.await_value("document.getElementById('silence').hidden", False)
            phone.screenshot(BIN.parent / "screenshots" / "no-answer.png")

    def shows(self, phone, title, shot=None):
        phone.await_value("document.querySelector('#board .verdict').textContent", title)
        phone.await_value("document.title", title)
        phone.screenshot(BIN.parent / "screenshots" / f"{(shot or title).lower().replace(' ', '-')}.png")
        colour = "rgb(11, 93, 42)" if title == "READY" else "rgb(160, 21, 21)"
        self.assertEqual(phone.value("getComputedStyle(document.querySelector('#board .verdict')).backgroundColor"), colour)
        self.assertGreaterEqual(phone.value(LEAST_CONTRAST), 4.5)
        self.assertTrue(phone.value("document.documentElement.scrollWidth <= innerWidth"), "it fits a phone")
        self.assertFalse(phone.value("document.querySelector('a, button, input, form')"), "there is nothing to press")


class Hostile(unittest.TestCase):
    def test_no_client_holds_it(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            slow = [exporter.connect(b"GET /metrics HTTP/1.1\r\nHo") for _ in range(1000)]
            self.assertEqual(exporter.metrics()["scramd_up"], "0")
            descriptors = len(os.listdir(f"/proc/{exporter.process.pid}/fd"))
            self.assertLess(descriptors, 100)
            self.assertEqual(read_all(slow[0]), b"", "the oldest made room")
            self.assertEqual(read_all(slow[-1]), b"", "the newest had its time")
            for stream in slow:
                stream.close()
            huge = b"GET / HTTP/1.1\r\nX: " + b"a" * 20000
            with exporter.connect(huge) as stream:
                self.assertRegex(read_all(stream), rb"^(HTTP/1.1 431 |$)")
            with exporter.connect(b"\x16\x03\x01 what\r\n\r\n") as stream:
                self.assertIn(b" 400 ", read_all(stream))
            self.assertEqual(exporter.metrics()["scramd_up"], "0")

    def test_only_so_many_follow_the_events(self):
        with Lab() as lab:
            exporter = Exporter(lab)
            request = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
            streams = [exporter.connect(request) for _ in range(16)]
            for stream in streams:
                self.assertIn(b" 200 ", stream.recv(100))
            with exporter.connect(request) as stream:
                self.assertIn(b" 503 ", read_all(stream))
            self.assertEqual(exporter.metrics()["scramd_up"], "0")
            for stream in streams:
                stream.close()
            def has_room():
                with exporter.connect(request) as one:
                    return b" 200 " in one.recv(100)
            eventually(has_room, "those who left make room")


class Listening(unittest.TestCase):
    def test_an_address_that_others_reach_is_refused(self):
        for listen, told in (("0.0.0.0:0", "--public"), ("[::]:0", "--public"), ("localhost", "expected ADDRESS:PORT"),
                             ("127.0.0.1:99999", "expected ADDRESS:PORT"), ("unix:x", "expected ADDRESS:PORT")):
            done = subprocess.run([BIN / "scramd-exporter", "--listen", listen], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 2, listen)
            self.assertIn(told, done.stderr)

    def test_a_taken_port_is_told(self):
        with Lab() as lab:
            taken = Exporter(lab).port
            done = subprocess.run([BIN / "scramd-exporter", "--listen", f"127.0.0.1:{taken}"], capture_output=True,
                                  text=True, timeout=20)
            self.assertEqual(done.returncode, 1)
            self.assertIn("Address already in use", done.stderr)

    def test_a_unix_socket_of_its_user(self):
        with Lab() as lab:
            path = lab.folder / "exporter.sock"
            exporter = Exporter(lab, "--listen", f"unix:{path}")
            self.assertEqual(path.stat().st_mode & 0o777, 0o660)
            self.assertEqual(exporter.metrics()["scramd_up"], "0")
            self.assertEqual(exporter.stop(), 0)
            self.assertFalse(path.exists())


@unittest.skipIf(PROMTOOL is None, "promtool is not installed: ./dev deps test")
class AlertRules(unittest.TestCase):
    def test_they_fire_when_they_should(self):
        for arguments in (("check", "rules", "scramd.rules.yml"), ("test", "rules", "scramd.rules.test.yml")):
            done = subprocess.run([PROMTOOL, *arguments], cwd=MONITORING, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_prometheus_scrapes_it_and_tells_a_dead_scramd(self):
        if shutil.which("prometheus") is None:
            self.skipTest("prometheus is not installed: ./dev deps test")
        with Lab() as lab:
            exporter = Exporter(lab)
            config = lab.folder / "prometheus.yml"
            config.write_text("global: {scrape_interval: 200ms, evaluation_interval: 200ms, scrape_timeout: 200ms}\n"
                              "scrape_configs: [{job_name: scramd, static_configs: [{targets: ["
                              f"'127.0.0.1:{exporter.port}']}}]}}]\nrule_files: ['{MONITORING}/scramd.rules.yml']\n")
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            lab.add(Process(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={lab.folder}/tsdb",
                             f"--web.listen-address=127.0.0.1:{port}"], lab.folder / "prometheus.log"))

            def asked(path):
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                    connection.request("GET", path)
                    return connection.getresponse().read().decode()
                except OSError:
                    return ""

            def scraped():
                return '"value":' in asked("/api/v1/query?query=scramd_page_state%7Bstate=%22missing%22%7D==1")

            eventually(scraped, lambda: f"a scrape: {asked('/api/v1/targets')}", 20)
            eventually(lambda: "ScramdExporterBlind" in asked("/api/v1/alerts"), "an alert", 20)


if __name__ == "__main__":
    unittest.main()
