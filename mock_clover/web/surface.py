"""Where browsers find what they load, as a tuple that can be read."""

from collections.abc import Callable, Iterable

from mock_clover.api.dispatch import Place
from mock_clover.api.endpoint import Endpoint

PLACES: tuple[Place, ...] = (
    ("favicon.ico",),
    ("_mock",),
    ("_mock", "static"),
    ("sdk.js",),
    ("sdk", "field"),
    ("sdk", "static"),
    ("clover3DS", "clover3DS-sdk.js"),
    ("3ds", "static"),
)


def web_surface() -> tuple[Endpoint, ...]:
    """Return what browsers load."""
    from mock_clover.web.assets import asset, folder  # with the first page

    return (
        asset("/favicon.ico", "icon.svg"),
        asset("/_mock", "dashboard/index.html"),
        *folder("/_mock/static", "dashboard"),
        asset("/sdk.js", "sdk/sdk.js", cross_origin=True),
        asset("/sdk/field", "sdk/field.html", framed=True),
        *folder("/sdk/static", "sdk"),
        asset("/clover3DS/clover3DS-sdk.js", "threeds/clover3DS-sdk.js", cross_origin=True),
        asset("/3ds/static/issuer.js", "threeds/issuer.js"),
        asset("/3ds/static/issuer.css", "threeds/issuer.css"),
    )


def places() -> dict[Place, Callable[[], Iterable[Endpoint]]]:
    """Return what imports the files of each place."""
    return dict.fromkeys(PLACES, web_surface)
