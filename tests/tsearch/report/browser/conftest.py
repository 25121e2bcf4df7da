"""A headless browser driven through a pipe, so that tests press keys and click as people do; it needs no library."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tsearch.configuration import Result
from tsearch.engine.run_folder import Run
from tsearch.report import write_report

MakeRun = Callable[..., Run]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"),
)
KEYS = {"Tab": 9, "Enter": 13}


class Browser:
    """One page in one browser. `messages` is what its console said, `requests` what it asked for."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from, self._rest, self._n = to_browser, from_browser, b"", 0
        self._session: str | None = None
        self.messages: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def open(self, path: Path, width: int = 1400, height: int = 1000) -> None:
        """Show a page, and wait until its figures are drawn."""
        self._set_size(width, height)
        self.messages.clear()
        self.requests.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait(f"document.readyState === 'complete' && location.href === {json.dumps(path.as_uri())}")
        self.wait(
            "[...document.querySelectorAll('.figure')].every(f => f.matches('.js-plotly-plot') || f.textContent)"
        )

    def resize(self, width: int, height: int = 1000) -> None:
        """Give the window another size, and let figures follow."""
        self._set_size(width, height)
        figures = "[...document.querySelectorAll('.js-plotly-plot')]"
        self.wait(f"{figures}.every(f => Math.abs(f._fullLayout.width - f.clientWidth) < 2)")

    @property
    def is_silent(self) -> bool:
        """Whether the page asked nobody for anything, and the console said nothing."""
        asked = [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]
        return not asked and not self.messages

    def run(self, code: str) -> Any:
        """What `code` gives in the page."""
        answer = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait for a condition, a minute at most."""
        self.run(
            f"""new Promise((resolve, reject) => {{
              const start = performance.now();
              const look = () => {condition} ? resolve(true)
                : performance.now() - start > 60000 ? reject(new Error({json.dumps(condition)})) : setTimeout(look, 20);
              look();
            }})"""
        )

    def press(self, key: str) -> None:
        """Press and release a key."""
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            code = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
            self.call("Input.dispatchKeyEvent", type=kind, **code, **(more if kind == "keyDown" else {}))

    def click(self, x: float, y: float) -> None:
        """Move the pointer to a place of the window, and click."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the browser's protocol, and its answer."""
        self._n += 1
        message = {"id": self._n, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._n:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self._note(answer)

    def _set_size(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def _note(self, event: Mapping[str, Any]) -> None:
        name, content = event.get("method"), event.get("params", {})
        if name == "Network.requestWillBeSent":
            self.requests.append(content["request"]["url"])
        elif name in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.messages.append(json.dumps(content))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._from, 1 << 20)
            assert part, "the browser ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser that keeps its files in `profile`, ended at the end."""
    its_in, to_browser = os.pipe()
    from_browser, its_out = os.pipe()
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    # The browser reads commands from descriptor 3 and answers on 4.
    shell = ["bash", "-c", f'exec "$@" 3<&{its_in} 4>&{its_out}', "bash"]
    command = [*shell, str(CHROMIUM), *FLAGS, *root, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        command, pass_fds=(its_in, its_out), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(its_in)
    os.close(its_out)
    try:
        yield Browser(to_browser, from_browser)
    finally:
        os.close(to_browser)
        process.kill()
        process.wait()
        os.close(from_browser)


@pytest.fixture(scope="session")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of this folder; they are skipped where there is no Chromium."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the path to draw the page with")
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def page(make_run: MakeRun, results: list[Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with a failed trial, and a limit that some trials break."""
    limit = {"constraints": {"energy_pj": {"min": None, "max": 1.5e6}}}
    run = make_run(results, errors=["out of memory"], space=limit)
    return write_report(run, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def long_page(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 160 trials of plain parameters."""
    results = [
        Result(
            configuration={"x": i / 160, "act": "relu" if i % 4 else "tanh"},
            budget=1,
            metrics={"loss": 1 + (i * 37) % 160 / 160, "size": 1.0 + i},
        )
        for i in range(160)
    ]
    run = make_run(results, ("loss", "size"), name="plain", reference={}, ideal={})
    return write_report(run, tmp_path_factory.mktemp("long") / "report.html")
