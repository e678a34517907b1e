"""Recognize requests that a page of another origin makes."""


def is_cross_origin(headers: dict[bytes, bytes]) -> bool:
    """Return whether a browser sent a request from a page of another origin.

    Clients that are not browsers send neither header. Older browsers, and all browsers for a page
    on plain HTTP with a host name, send only the origin.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    host = headers.get(b"host", b"")
    return origin is not None and origin.partition(b"://")[2].lower() != host.lower()
