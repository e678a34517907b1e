"""Sockets, ASGI and processes.

Only this package imports uvicorn; `testing/in_process.py` also imports Starlette.
"""
