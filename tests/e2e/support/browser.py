"""A headless Chromium, driven by the DevTools protocol over a pair of pipes: messages of JSON, each ended by a zero."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

from waiting import PATIENCE, eventually

PROGRAM = shutil.which("chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe")


class Browser:
    """One page, as wide as a phone's."""

    def __init__(self, folder):
        self.profile = tempfile.mkdtemp(prefix="chromium-", dir=folder)
        there, self.orders = os.pipe()
        self.answers, back = os.pipe()

        def give_pipes():  # as descriptors 3 and 4, whatever they are now
            ends = os.dup(there), os.dup(back)
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        with open(os.path.join(folder, "chromium.log"), "wb") as log:
            self.process = subprocess.Popen([PROGRAM, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
                                            preexec_fn=give_pipes, close_fds=False, stdout=log, stderr=log)
        os.close(there)
        os.close(back)
        self.count, self.session, self.rest = 0, None, b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)

    def call(self, method, **parameters):
        self.count += 1
        order = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            order["sessionId"] = self.session
        os.write(self.orders, json.dumps(order).encode() + b"\0")
        end = time.monotonic() + 20 * PATIENCE
        while time.monotonic() < end:
            message, found, rest = self.rest.partition(b"\0")
            if not found:
                more = os.read(self.answers, 1 << 20)
                if not more:
                    raise AssertionError("chromium has ended")
                self.rest += more
                continue
            self.rest = rest
            told = json.loads(message)
            if told.get("id") == self.count:
                if "error" in told:
                    raise AssertionError(f"{method}: {told['error']}")
                return told["result"]
        raise AssertionError(f"{method}: no answer")

    def value(self, expression):
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in told:
            raise AssertionError(told["exceptionDetails"])
        return told["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)
        eventually(lambda: self.value("document.readyState") == "complete", f"{url} is open")

    def await_value(self, expression, wanted):
        seen = {}

        def reached():
            seen["it"] = self.value(expression)
            return seen["it"] == wanted

        eventually(reached, lambda: f"{expression} is {wanted!r}; it is {seen['it']!r}", 20)

    def screenshot(self, path):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.orders)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)
