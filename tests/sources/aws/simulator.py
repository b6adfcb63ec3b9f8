"""An AWS on loopback: moto's server, and a proxy before it that fails on purpose."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Fault = Literal["", "denied", "throttled", "error", "garbage", "empty", "cut", "closed", "hang"]

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as its signature and its first bytes tell."""

    service: str
    region: str
    operation: str
    """The operation of the query and JSON protocols; the method and the path of the others."""


@dataclass(slots=True)
class Proxy:
    """Answers in place of `upstream`, or passes on."""

    upstream: str = ""
    """`127.0.0.1:5000`; empty: whatever has no fault gets `fallback`."""
    fault: Callable[[Asked], Fault] = lambda _: ""
    canned: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Answers, as AWS documents them, for what the upstream does not know: by signing service and operation."""
    crowd: threading.Barrier | None = None
    """As many requests are held back until they are all there, once; then none. Broken where they never meet."""
    latency: float = 0.0
    hang: float = 3.0
    seen: Counter[Asked] = field(default_factory=Counter)
    port: int = 0

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"


def environment(url: str) -> dict[str, str]:
    """What sends every AWS client of this process to the simulator, and to nothing else."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_PROFILE": "",
        "AWS_ENDPOINT_URL": url,
        # Its endpoint has the account's id in the host's name: the server takes it as a proxy would.
        "AWS_ENDPOINT_URL_S3_CONTROL": "http://aws.test",
        "HTTP_PROXY": url,
        "http_proxy": url,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@contextmanager
def moto_server() -> Iterator[str]:
    """Moto's server in a process of its own; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(150):
            try:
                _ask(port, "GET", "/moto-api/")
                break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def reset(url: str) -> None:
    """Empty the simulated account."""
    _ask(int(url.rpartition(":")[2]), "POST", "/moto-api/reset")


def _ask(port: int, method: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path)
    connection.getresponse().read()
    connection.close()


@contextmanager
def proxy(settings: Proxy) -> Iterator[Proxy]:
    """The proxy, running; `settings` may be changed while it does."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # header and body in one packet: the second of two waits 40 ms for an acknowledgement

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = _asked(self, body)
            settings.seen[asked] += 1
            if (crowd := settings.crowd) and asked.service != "sts":
                with contextlib.suppress(threading.BrokenBarrierError):
                    crowd.wait()
                settings.crowd = None
            if settings.latency:
                time.sleep(settings.latency)
            fault = settings.fault(asked)
            if fault in ("closed", "hang"):
                time.sleep(settings.hang if fault == "hang" else 0)
                self.close_connection = True
            elif fault == "cut":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<half")
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif fault:
                status, kind, page = _failure(fault, asked, self.headers.get("X-Amz-Target", ""))
                self.reply(status, {"Content-Type": kind, "x-amzn-ErrorType": _CODES.get(fault, "")}, page)
            elif (text := settings.canned.get((asked.service, asked.operation))) is not None:
                kind = "text/xml" if text.startswith("<") else "application/json"
                self.reply(200, {"Content-Type": kind, "x-amzn-RequestId": "canned"}, text.encode())
            elif settings.upstream:
                self.forward(body)
            else:
                self.reply(500, {"Content-Type": "text/plain"}, b"nobody here")

        do_DELETE = answer  # noqa: N815  # the base class's name
        do_GET = answer  # noqa: N815  # the same
        do_HEAD = answer  # noqa: N815  # the same
        do_PATCH = answer  # noqa: N815  # the same
        do_POST = answer  # noqa: N815  # the same
        do_PUT = answer  # noqa: N815  # the same

        def forward(self, body: bytes) -> None:
            connection = http.client.HTTPConnection(settings.upstream, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            text = response.read()
            kept = {k: v for k, v in response.getheaders() if k.lower() not in ("content-length", "connection", "date")}
            self.reply(response.status, kept, text)
            connection.close()

        def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    settings.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield settings
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _asked(request: BaseHTTPRequestHandler, body: bytes) -> Asked:
    scope = _SCOPE.search(request.headers.get("Authorization") or "")
    region, service = scope.groups() if scope else ("", "")
    if target := request.headers.get("X-Amz-Target"):
        operation = target.rpartition(".")[2]
    elif b"Action=" in body[:200] or b"&Action=" in body:
        operation = parse_qs(body.decode())["Action"][0]
    else:
        url = urlsplit(request.path)
        operation = f"{request.command} {url.path}?{url.query}"
    return Asked(service, region, operation)


_CODES = {"denied": "AccessDeniedException", "throttled": "ThrottlingException"}


def _failure(fault: Fault, asked: Asked, target: str) -> tuple[int, str, bytes]:
    """An error as the service's protocol has it."""
    if fault == "error":
        return 500, "text/plain", b"Internal failure"
    if fault == "empty":
        return 200, "text/plain", b""
    if fault == "garbage":
        return 200, "text/html", b"<html><body><h1>Welcome to the hotel's network</h1></body></html>"
    code = _CODES[fault]
    status = 400 if fault == "throttled" else 403
    if asked.service == "ec2":
        code = "RequestLimitExceeded" if fault == "throttled" else "UnauthorizedOperation"
        text = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
        return status, "text/xml", text.encode()
    if asked.service == "s3":
        code = "SlowDown" if fault == "throttled" else "AccessDenied"
        return (503 if fault == "throttled" else 403), "text/xml", f"<Error><Code>{code}</Code></Error>".encode()
    if asked.service != "route53" and (target or asked.operation.startswith(("GET ", "POST ", "PUT "))):
        return status, "application/json", f'{{"__type": "{code}", "message": "no"}}'.encode()
    if fault == "throttled":
        code = "Throttling"
    text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return status, "text/xml", text.encode()
