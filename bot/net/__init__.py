"""The way out to engines: HTTP, websockets and the guard on the addresses they may reach.

The only package that knows httpx, httpcore, anyio and websockets; nothing of them shows in its types or errors.
"""
