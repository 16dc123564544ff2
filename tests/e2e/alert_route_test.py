"""The whole route of an alert: scramd trips, its exporter says so, Prometheus' rule fires, Alertmanager calls a webhook."""
import http.server
import json
import queue
import shutil
import signal
import threading
import time
import unittest

from exporter import MONITORING, Exporter
from lab import Lab, Process, free_port
from waiting import PATIENCE

BTC = "mm-1/BTC-USD"


class Webhook(http.server.ThreadingHTTPServer):
    """Keeps each alert that it is told of."""

    def __init__(self):
        self.told = queue.Queue()
        super().__init__(("127.0.0.1", 0), self.answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, *of):
        webhook = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]:
                    webhook.told.put(alert)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        return Answer(*of)

    def await_alert(self, name, status, seconds=30):
        until, others = time.monotonic() + seconds * PATIENCE, []
        while True:
            try:
                alert = self.told.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {name} is {status}; others: {others}") from None
            if (alert["labels"]["alertname"], alert["status"]) == (name, status):
                return alert
            others.append((alert["labels"]["alertname"], alert["status"]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Route(unittest.TestCase):
    seconds_max = 120

    def setUp(self):
        for tool in ("prometheus", "prometheus-alertmanager"):
            if shutil.which(tool) is None:
                self.skipTest(f"{tool} is not installed: ./dev deps test")

    def route(self, lab, exporter, webhook):
        alertmanager, port = lab.folder / "alertmanager.yml", free_port()
        alertmanager.write_text(
            "route: {receiver: desk, group_by: [alertname, family], group_wait: 100ms, group_interval: 300ms}\n"
            f"receivers: [{{name: desk, webhook_configs: [{{url: 'http://127.0.0.1:{webhook.server_port}/'}}]}}]\n")
        lab.add(Process(["prometheus-alertmanager", f"--config.file={alertmanager}",
                         f"--storage.path={lab.folder}/alerts", f"--web.listen-address=127.0.0.1:{port}",
                         "--cluster.listen-address="], lab.folder / "alertmanager.log"))
        config = lab.folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 200ms, evaluation_interval: 200ms, scrape_timeout: 200ms}\n"
            f"scrape_configs: [{{job_name: scramd, static_configs: [{{targets: ['127.0.0.1:{exporter.port}']}}]}}]\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]}}\n"
            f"rule_files: ['{MONITORING}/scramd.rules.yml']\n")
        lab.add(Process(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={lab.folder}/tsdb",
                         f"--web.listen-address=127.0.0.1:{free_port()}"], lab.folder / "prometheus.log"))

    def test_a_trip_wakes_somebody_who_is_told_what_to_do_and_its_end_is_told_too(self):
        with Lab() as lab, Webhook() as webhook:
            daemon = lab.scramd().await_ready()
            self.route(lab, Exporter(lab), webhook)
            lab.source().publish(BTC, "delta", 26)
            alert = webhook.await_alert("ScramdTripped", "firing")
            self.assertEqual((alert["labels"]["family"], alert["labels"]["severity"]), (BTC, "page"))
            self.assertIn("scramctl rearm", alert["annotations"]["what_to_do"])
            daemon.await_state(BTC, "verified")
            self.assertEqual(daemon.rearm(BTC, "tested", "--force")[0], 0)
            webhook.await_alert("ScramdTripped", "resolved")

    def wakes_somebody(self, number):
        with Lab() as lab, Webhook() as webhook:
            daemon = lab.scramd().await_ready()
            self.route(lab, Exporter(lab), webhook)
            daemon.process.send_signal(number)
            began = time.monotonic()
            webhook.await_alert("ScramdDown", "firing")
            self.assertLess(time.monotonic() - began, 15 * PATIENCE)
            daemon.stop(signal.SIGKILL)

    def test_a_scramd_that_hangs_wakes_somebody(self):
        self.wakes_somebody(signal.SIGSTOP)

    def test_a_scramd_that_was_killed_wakes_somebody(self):
        self.wakes_somebody(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
