"""Firefox without a driver of its own: its remote protocol (Marionette), JSON over a socket on 127.0.0.1."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("firefox-esr", "firefox")


def firefox_path() -> str | None:
    return next((found for found in map(shutil.which, NAMES) if found), None)


class Firefox:
    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._file = connection.makefile("rb")
        self._last = 0
        self._receive()  # it says who it is

    def _receive(self) -> Any:
        length = b""
        while (char := self._file.read(1)) != b":":
            assert char, "Firefox hung up"
            length += char
        return json.loads(self._file.read(int(length)))

    def hang_up(self) -> None:
        self._file.close()

    def ask(self, command: str, **given: Any) -> Any:
        """What a command of the protocol answers; an error is raised."""
        self._last += 1
        text = json.dumps([0, self._last, command, given]).encode()
        self._socket.sendall(str(len(text)).encode() + b":" + text)
        _, _, error, answer = self._receive()
        assert error is None, error
        return answer

    def evaluate(self, script: str) -> Any:
        return self.ask("WebDriver:ExecuteScript", script=f"return {script}", args=[], sandbox=None)["value"]

    def awaited(self, script: str) -> Any:
        """What a promise of the page comes to."""
        code = f"const done = arguments[0]; ({script}).then(done, (error) => done(`failed: ${{error}}`));"
        return self.ask("WebDriver:ExecuteAsyncScript", script=code, args=[], sandbox=None)["value"]

    def messages(self, about: str) -> list[str]:
        """Errors and warnings of the console that name ``about``."""
        self.ask("Marionette:SetContext", value="chrome")
        every = self.evaluate("Services.console.getMessageArray().map((m) => String(m.message))")
        self.ask("Marionette:SetContext", value="content")
        return [text for text in every if about in text]

    def open(self, path: Path, *, width: int, height: int, within_s: float = 60) -> None:
        self.ask("WebDriver:SetWindowRect", width=width, height=height)
        self.ask("WebDriver:Navigate", url=path.as_uri())
        end = time.monotonic() + within_s
        while not self.evaluate("window.__ready === true"):
            assert time.monotonic() < end, "the page did not get ready"
            time.sleep(0.05)

    def pdf(self, width_cm: float, height_cm: float, *, landscape: bool = True) -> bytes:
        """The page on paper of that size, as it lies."""
        sides = (height_cm, width_cm) if landscape else (width_cm, height_cm)
        page = dict(zip(("width", "height"), sides, strict=True))  # before it is turned
        margin = dict.fromkeys(("top", "bottom", "left", "right"), 1.0)
        given = {
            "orientation": "landscape" if landscape else "portrait",
            "background": True,
            "shrinkToFit": False,
        }
        return base64.b64decode(self.ask("WebDriver:Print", page=page, margin=margin, **given)["value"])


@contextmanager
def firefox(path: str, profile: Path) -> Iterator[Firefox]:
    """A headless Firefox with a fresh profile, ended by its own process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    profile.mkdir(parents=True, exist_ok=True)
    profile.joinpath("user.js").write_text(f'user_pref("marionette.port", {port});\n', "utf-8")
    arguments = [
        "--headless",
        "--no-remote",
        "--marionette",
        "--remote-allow-system-access",
        "--profile",
        str(profile),
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([path, *arguments], **quiet)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=120)
                break
            except OSError:
                assert time.monotonic() < end, "Firefox did not start"
                assert process.poll() is None, "Firefox ended"
                time.sleep(0.1)
        with connection:
            browser = Firefox(connection)
            browser.ask("WebDriver:NewSession", capabilities={})
            yield browser
            browser.hang_up()
    finally:
        process.terminate()
        process.wait(30)
