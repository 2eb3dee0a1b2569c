"""Runs the portal in this process."""

import contextlib
import socket
import threading
from collections.abc import Callable

import uvicorn

from canonical_model.clock import utc_now
from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.home import Home
from crossdock.portal._callback import process_kept
from crossdock.portal.app import create_app
from crossdock.store.database import open_store


def serve(home: Home, *, host: str, port: int, ready: Callable[[int], None] | None = None) -> None:
    """Serves the portal until the process is told to end.

    Args:
        home: The deployment.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        ready: Is told the port once it takes calls.

    Raises:
        ConfigError: XD-CFG-070 it cannot listen there; others where the store cannot be opened.
        AuthError, TransientError, StoreError: The store cannot be opened.
    """
    with _listen(host, port) as listener, open_store(home) as engine:
        app = create_app(home, engine)
        # The address of an incident is a key to it, and an access log would keep it.
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, ws="none")
        # Presses that were kept and answered just before the last process ended.
        threading.Thread(target=process_kept, args=(home, engine, utc_now), name="callbacks", daemon=True).start()
        if ready:
            ready(listener.getsockname()[1])
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A socket that already takes calls; they wait until the server picks them up.

    Raises:
        ConfigError (XD-CFG-070): The address is not ours or the port is taken.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            Text(f"无法在这个地址上提供网页：{error}", f"The pages cannot be served at this address: {error}"),
            where=f"{host}:{port}",
            hint=Text("请换一个端口，或先停掉占用它的程序。", "Take another port, or stop the program that has it."),
            code="XD-CFG-070",
        ) from error
