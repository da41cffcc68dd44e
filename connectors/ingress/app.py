"""The HTTP face of the door: ``/hooks/NAME`` for partners; ``/health``, ``/ready`` and ``/metrics`` for watchers.

Answers are small and constant, but for a webhook's own. A body is whole and below the limit before anything looks at
it; what is not is never taken.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import falcon

from bus import logs, metrics
from connectors.ingress.notices import Intake
from connectors.sdk import Call, Said, Webhook

MAX_BODY_BYTES = 64 * 1024
COME_AGAIN_S = 2
"""What a partner that reads Retry-After is told where a notice could not be kept now."""

Application: TypeAlias = Callable[..., Any]
"""A WSGI application."""

Readiness: TypeAlias = tuple[bool, Mapping[str, Any]]
"""Whether something works, and what is told of all parts."""

_JSON = "application/json; charset=utf-8"
_LOG = logs.logger("connectors.ingress")


def make_app(
    intake: Intake, webhooks: Mapping[str, Webhook], ready: Callable[[], Readiness],
    clock: Callable[[], float] = time.time,
) -> Application:  # fmt: skip
    """Return the WSGI application. ``clock`` gives seconds; ``webhooks`` may change while it serves."""
    app = falcon.App()
    app.add_route("/hooks/{name}", _Hooks(intake, webhooks, clock))
    app.add_route("/health", _Page(lambda: (True, {"status": "up"})))
    app.add_route("/ready", _Page(ready))
    app.add_route("/metrics", _Metrics())
    app.add_error_handler(Exception, _tell_fault)
    return app


class _Hooks:
    """Every webhook, by its name."""

    def __init__(self, intake: Intake, webhooks: Mapping[str, Webhook], clock: Callable[[], float]) -> None:
        self._intake, self._webhooks, self._clock = intake, webhooks, clock

    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Take a notice that stands in the query."""
        self.on_post(request, response, name)

    def on_post(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Take a notice."""
        at = int(self._clock() * 1000)
        webhook = self._webhooks.get(name)
        if webhook is None:
            raise falcon.HTTPNotFound
        body = _body(request)
        headers = {header.lower(): value for header, value in request.headers.items()}
        call = Call(method=request.method, path=request.path, query=request.query_string, headers=headers,
                    body=body, at=at)  # fmt: skip
        _say(response, self._intake.take(webhook, call))

    def on_options(self, _request: falcon.Request, _response: falcon.Response, name: str) -> None:
        """Refuse: no browser calls here."""
        raise falcon.HTTPMethodNotAllowed(["GET", "POST"])


class _Page:
    """A JSON answer; 503 where it says no."""

    def __init__(self, tell: Callable[[], Readiness]) -> None:
        self._tell = tell

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Tell."""
        is_well, told = self._tell()
        _say(response, Said(status=200 if is_well else 503, body=json.dumps(told, ensure_ascii=False).encode()))


class _Metrics:
    """All metrics of this process."""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Tell them in Prometheus' text format."""
        _say(response, Said(status=200, body=metrics.exposition(), content_type="text/plain; version=0.0.4"))


def _body(request: falcon.Request) -> bytes:
    """Return the whole body. The server has it before it calls us; another server may not, so both ends are looked at.

    Raises 413 for one over the limit, and 400 for a half one.
    """
    told = request.content_length or 0
    if told > MAX_BODY_BYTES:
        raise falcon.HTTPContentTooLarge
    body: bytes = request.bounded_stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise falcon.HTTPContentTooLarge
    if len(body) != told:
        raise falcon.HTTPBadRequest
    return body


def _say(response: falcon.Response, said: Said) -> None:
    response.status = said.status
    response.data = said.body
    response.content_type = said.content_type
    if said.status == 503:
        response.set_header("Retry-After", str(COME_AGAIN_S))


def _tell_fault(request: falcon.Request, response: falcon.Response, error: Exception, _params: Mapping[str, Any],
                ) -> None:  # fmt: skip
    """Log a fault of ours by its class, and have the partner come again: what it sent is not kept."""
    if isinstance(error, falcon.HTTPError):
        _say(response, Said(status=error.status_code, body=b"{}"))
        return
    logs.tell(_LOG, logging.ERROR, "a call could not be answered", path=request.path, error=logs.told_error(error))
    _say(response, Said(status=503, body=b"{}"))
