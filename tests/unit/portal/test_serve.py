"""The portal as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from canonical_model.errors import ConfigError
from crossdock.home import Home
from crossdock.portal.serve import serve

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
from pathlib import Path
from canonical_model.errors import ConfigError
from crossdock.home import Home
from crossdock.portal.serve import serve
from crossdock.portal.serve import serve
serve(Home.find(Path(sys.argv[1])), host="127.0.0.1", port=0, ready=lambda port: print(port, flush=True))
"""


@pytest.mark.store
def test_it_tells_its_port_answers_keeps_links_out_of_the_log_and_ends_when_told(home: Home) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home.path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
            with requests.Session() as session:
                session.trust_env = False
                health = session.get(f"{url}/healthz", timeout=10)
                session.get(f"{url}/i/a-secret-link", timeout=10)
            process.send_signal(signal.SIGTERM)
            out, error = process.communicate(timeout=20)
        finally:
            process.kill()

    assert health.json() == {"status": "ok"}
    assert "server" not in health.headers
    assert "a-secret-link" not in out + error
    assert "Traceback" not in error


def test_a_port_that_is_taken_is_said_before_the_store_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(ConfigError, match=r"XD-CFG-070.*127\.0\.0\.1"):
        serve(Home(tmp_path), host="127.0.0.1", port=other.getsockname()[1])
