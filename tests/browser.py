"""A headless Chromium that tests drive over its debugging socket; tornado comes with the notebooks' kernel."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0")
KEYS = {"Tab": 9, "Enter": 13, "Space": 32, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


class Browser:
    """One tab. `said` holds what its console and its exceptions said, `asked` the addresses it asked for."""

    def __init__(self, socket: WebSocketClientConnection, loop: asyncio.AbstractEventLoop) -> None:
        self._socket, self._loop, self._sent = socket, loop, 0
        self.said: list[str] = []
        self.asked: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to one command; what the tab says meanwhile is kept."""
        self._sent += 1
        self._loop.run_until_complete(self._write({"id": self._sent, "method": method, "params": params}))
        while True:
            message = self._read()
            if message.get("id") == self._sent:
                assert "error" not in message, message
                return dict(message["result"])

    def _read(self) -> dict[str, Any]:
        text = self._loop.run_until_complete(asyncio.wait_for(self._next(), 30))
        message = dict(json.loads(text))
        self._keep(message)
        return message

    async def _write(self, message: dict[str, Any]) -> None:
        await self._socket.write_message(json.dumps(message))

    async def _next(self) -> str:
        text = await self._socket.read_message()
        assert text is not None
        return str(text)

    def _keep(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Runtime.consoleAPICalled":
            self.said.append(" ".join(str(part.get("value")) for part in params["args"]))
        elif message.get("method") == "Runtime.exceptionThrown":
            self.said.append(str(params["exceptionDetails"]["text"]))
        elif message.get("method") == "Log.entryAdded":
            self.said.append(str(params["entry"]["text"]))
        elif message.get("method") == "Network.requestWillBeSent":
            self.asked.append(str(params["request"]["url"]))

    def open(self, url: str) -> None:
        """Load an address and wait until it is loaded."""
        self.said.clear()
        self.asked.clear()
        self.send("Page.navigate", url=url)
        while self._read().get("method") != "Page.loadEventFired":
            pass

    def run(self, code: str) -> Any:
        """The value of an expression, awaited where it is a promise."""
        answer = self.send("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release one of `KEYS`."""
        text = {"Space": " ", "Enter": "\r"}.get(key, "")
        named = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
        self.send("Input.dispatchKeyEvent", type="keyUp", **named)

    def resize(self, width: int, height: int = 900) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def prefer(self, scheme: str) -> None:
        """Ask for `light` or `dark` colours."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def unplug(self) -> None:
        """Cut the network."""
        self._connect(offline=True)

    def plug(self) -> None:
        """Bring it back."""
        self._connect(offline=False)

    def _connect(self, *, offline: bool) -> None:
        speed = 0 if offline else -1
        self.send(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=0,
            downloadThroughput=speed,
            uploadThroughput=speed,
        )

    def save_screenshot(self, path: Path) -> None:
        """The whole page as PNG."""
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True, format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def save_pdf(self, path: Path) -> None:
        """The page as printed on A4."""
        data = self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start Chromium with a profile of its own, and end it."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    loop = asyncio.new_event_loop()
    try:
        assert process.stderr is not None
        port = next(found[1] for line in process.stderr if (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line)))
        yield Browser(loop.run_until_complete(_tab(int(port))), loop)
    finally:
        process.terminate()
        process.communicate(timeout=20)
        loop.close()


async def _tab(port: int) -> WebSocketClientConnection:
    """A connection to the first tab."""
    from tornado.httpclient import AsyncHTTPClient

    answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json/list")
    pages = [target for target in json.loads(answer.body) if target["type"] == "page"]
    return await websocket_connect(pages[0]["webSocketDebuggerUrl"], max_message_size=2**28)
