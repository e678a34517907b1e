"""The Starlette application: a route for each operation, and a lifespan, around the core."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from mock_clover.engine.endpoint import Endpoint
from mock_clover.server.app.app import App
from mock_clover.server.housekeeping import run_periodic_tasks

_ID = re.compile(r"\{(\w+)\}")


class CatchAllRoute(BaseRoute):
    """The route for all requests: the core looks up their operation in a dict.

    Matching one route after the other would take longer than handling the request.
    """

    def __init__(self, core: App) -> None:
        self._core = core

    def __repr__(self) -> str:
        """Return a repr that says which requests it matches."""
        return "<CatchAllRoute: all requests>"

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every HTTP request, because unknown paths get Clover's own errors."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        await self._core(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Raise NoMatchFound; only operations have names."""
        raise NoMatchFound(name, path_params)


class ListedRoute(BaseRoute):
    """An operation as `app.routes` lists it; `CatchAllRoute` handles its requests."""

    def __init__(self, endpoint: Endpoint, path: str) -> None:
        self.path = path
        self.name = endpoint.name
        self.methods = {"GET", "HEAD"} if endpoint.method == "GET" else {endpoint.method}

    def __repr__(self) -> str:
        """Return a repr with methods, path and name."""
        return f"<ListedRoute {'|'.join(sorted(self.methods))} {self.path} {self.name}>"

    def matches(self, _scope: Scope) -> tuple[Match, Scope]:
        """Match nothing; `CatchAllRoute` matches all requests."""
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Return the path of the operation. Raises NoMatchFound."""
        ids = set(_ID.findall(self.path))
        if name != self.name or ids != path_params.keys():
            raise NoMatchFound(name, path_params)
        quoted = {key: quote(str(value), safe="") for key, value in path_params.items()}
        return URLPath(path=self.path.format(**quoted), protocol="http")


def starlette_app(core: App) -> Starlette:
    """Return the application around a core."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        background = asyncio.create_task(run_periodic_tasks(core))
        try:
            yield
        finally:
            background.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await background
            await core.close()

    operations = (
        ListedRoute(endpoint, path)
        for endpoint in core.endpoints
        for path in filter(None, (endpoint.path, endpoint.path_alias))
    )
    app = Starlette(routes=[CatchAllRoute(core), *operations], lifespan=lifespan)
    app.state.mock_clover = core
    return app
