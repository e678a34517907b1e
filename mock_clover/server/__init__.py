"""Sockets, ASGI and processes: the only package that knows Starlette or uvicorn."""
