"""A hub on loopback, over real HTTP: what `huggingface_hub` asks of one, with the faults that a network has.

Model pages (`/api/models/…` with file sizes and hashes), files (`/resolve/` with ETag, X-Linked-Etag, X-Repo-Commit;
large ones by a redirect, as to a CDN), ranges, gated and private models, connections that break.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "c0ffee" + "0" * 34
LARGE = (".safetensors", ".pt")


@dataclass
class Published:
    """A model on the hub. `broken` maps a file to how many bytes of it come before the connection breaks, once each."""

    files: dict[str, bytes]
    licence: str = "apache-2.0"
    gated: bool = False
    private: bool = False
    allowed: str = ""  # the token that may read it
    ranges: bool = True
    broken: dict[str, list[int]] = field(default_factory=dict)
    wrong: dict[str, bytes] = field(default_factory=dict)  # what is sent in place of a file


class HubServer:
    """Runs in a thread. `asked` logs (path, Range) of every file that was requested; `stalled` is set while a file's
    bytes are held back after `hold_after` of them."""

    def __init__(self) -> None:
        self.models: dict[str, Published] = {}
        self.asked: list[tuple[str, str]] = []
        self.hold_after: dict[str, int] = {}
        self.stalled, self.go_on = threading.Event(), threading.Event()
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def publish(self, hub_id: str, folder: Path, **facts: Any) -> Published:
        """Put a folder's files on the hub."""
        files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
        self.models[hub_id] = Published(files, **facts)
        return self.models[hub_id]

    def ranges_of(self, name: str) -> list[str]:
        """The ranges in which a file was requested, "" for all of it."""
        return [asked for path, asked in self.asked if path == name]

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Clients that break off are what is tested here."""


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].strip("/").split("/")
            if path[:2] == ["api", "models"]:
                self._page("/".join(path[2:4]), path[5] if path[4:5] == ["revision"] else "main")
            elif path[2:3] in (["resolve"], ["cdn"]):
                self._file("/".join(path[:2]), path[3], "/".join(path[4:]), path[2] == "cdn")
            else:
                self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})

        def _model(self, hub_id: str, revision: str, reading: bool) -> Published | None:
            model = hub.models.get(hub_id)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if model is None or (model.private and token != model.allowed):
                self._answer(401 if not token else 404, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif revision not in ("main", COMMIT):
                self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            elif model.gated and reading and token != model.allowed:
                said = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to this model is restricted."}
                self._answer(403 if token else 401, b"{}", said)
            else:
                return model
            return None

        def _page(self, hub_id: str, revision: str) -> None:
            model = self._model(hub_id, revision, reading=False)
            if model is None:
                return
            page = {
                "id": hub_id, "sha": COMMIT, "private": model.private, "gated": "auto" if model.gated else False,
                "tags": [f"license:{model.licence}"], "cardData": {"license": model.licence},
                "siblings": [_sibling(name, data) for name, data in model.files.items()],
            }  # fmt: skip
            self._answer(200, json.dumps(page).encode(), {"Content-Type": "application/json"})

        def _file(self, hub_id: str, revision: str, name: str, cdn: bool) -> None:
            model = hub.models[hub_id] if cdn else self._model(hub_id, revision, reading=True)
            if model is None:
                return
            if name not in model.files:
                self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
                return
            data = model.files[name]
            facts = {"X-Repo-Commit": COMMIT, "ETag": f'"{_etag(name, data)}"', "Accept-Ranges": "bytes"}
            if name.endswith(LARGE) and not cdn:
                facts |= {"X-Linked-Etag": f'"{_etag(name, data)}"', "X-Linked-Size": str(len(data))}
                self._answer(302, b"", {**facts, "Location": f"{hub.endpoint}/{hub_id}/cdn/{revision}/{name}"})
                return
            if self.command == "GET":
                hub.asked.append((name, self.headers.get("Range", "")))
            self._send(model, name, model.wrong.get(name, data), facts)

        def _send(self, model: Published, name: str, data: bytes, facts: dict[str, str]) -> None:
            asked = self.headers.get("Range", "")
            first = int(asked.removeprefix("bytes=").partition("-")[0]) if asked and model.ranges else 0
            if first >= len(data) > 0:
                self._answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
                return
            if asked and model.ranges:
                facts = {**facts, "Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}
            breaks = model.broken.get(name) or []
            if breaks and self.command == "GET":
                self._answer(206 if first else 200, data[first:], facts, upto=breaks.pop(0))
                self.close_connection = True
                return
            if name in hub.hold_after and self.command == "GET":
                self._answer(206 if first else 200, data[first:], facts, upto=hub.hold_after.pop(name))
                self.wfile.flush()
                hub.stalled.set()
                hub.go_on.wait(60)
                self.close_connection = True
                return
            self._answer(206 if asked and model.ranges else 200, data[first:], facts)

        def _answer(self, code: int, body: bytes, facts: dict[str, str], upto: int | None = None) -> None:
            try:
                self.send_response(code)
                for key, value in facts.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body[:upto])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the other side was killed

    return Handler


def _etag(name: str, data: bytes) -> str:
    if name.endswith(LARGE):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()


def _sibling(name: str, data: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": hashlib.sha1(name.encode()).hexdigest()}
    if name.endswith(LARGE):
        return {**facts, "lfs": {"sha256": _etag(name, data), "size": len(data), "pointerSize": 134}}
    return {**facts, "blobId": _etag(name, data)}
