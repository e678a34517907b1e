"""Sockets, ASGI and processes: the only package that imports Starlette or uvicorn."""
