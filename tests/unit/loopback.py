"""A small HTTP server on loopback, honest or with the faults that real ones have."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Literal
from unittest.mock import patch

Behaviour = Literal["honest", "drops", "always-drops", "ignores-range"]


class BaseUrl(str):
    """`http://127.0.0.1:port` and what was asked of it: (path, header Range or "", status) by request."""

    requests: list[tuple[str, str, int]]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        path = self.path.lstrip("/").partition("?")[0]
        asked = self.headers.get("Range", "")
        body = server.files.get(path)
        if body is None:
            server.asked.append((path, asked, 404))
            self.send_error(404)
            return
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if server.behaviour == "ignores-range" or self.headers.get("If-Range", etag) != etag:
            first = 0
        status = 206 if first else 200
        if first >= len(body) > 0:
            status = 416
        server.asked.append((path, asked, status))
        self.send_response(status)
        self.send_header("ETag", etag)
        if status != 200:
            span = f"{first}-{len(body) - 1}" if status == 206 else "*"
            self.send_header("Content-Range", f"bytes {span}/{len(body)}")
        rest = body[first:] if status != 416 else b""
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        tries = sum(asked_path == path for asked_path, _, _ in server.asked)
        if server.behaviour == "always-drops" or (server.behaviour == "drops" and tries == 1):
            rest = rest[: len(rest) // 2]
        self.wfile.write(rest)
        self.close_connection = True

    def log_message(self, *_) -> None:
        pass


@contextmanager
def serve(files: dict[str, bytes], behaviour: Behaviour = "honest") -> Iterator[BaseUrl]:
    """Serve `files` (path without leading slash -> content; may be changed meanwhile) until the block ends.

    `drops`: the first answer for each path ends half-way; `always-drops`: each answer does; `ignores-range`: always the
    whole file with status 200.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.behaviour, server.asked = files, behaviour, []
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = BaseUrl(f"http://127.0.0.1:{server.server_port}")
    url.requests = server.asked
    try:
        with patch.dict(os.environ, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}):
            yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
