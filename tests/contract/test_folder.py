"""The folder connector keeps the contract."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from canonical_model.text import JsonValue
from connectors.base import Connector
from connectors.folder import FolderConfig, FolderConnector
from connectors.testing import ConnectorContract, Row

STREAM: dict[str, JsonValue] = {"files": "inbox/{partner}/*", "minimum_age_seconds": 0}


class TestFolder(ConnectorContract):
    connector = FolderConnector
    stream = "orders"
    key = ("单号", "行号")
    valid_config: ClassVar = {"path": "."}
    valid_stream = STREAM
    waivers: ClassVar = {
        "test_a_dropped_connection_is_transient_and_shows_no_password": "a local folder has no connection",
        "test_a_wrong_password_is_an_auth_error_and_never_shown": "a folder has no password",
    }

    @pytest.fixture
    def build(self, tmp_path: Path) -> Callable[[], Connector]:
        inbox = tmp_path / "inbox" / "acme"
        inbox.mkdir(parents=True, exist_ok=True)
        for number in range(3):
            lines = [f"PO-{number},{line},{line * 10}" for line in range(1, 4)]
            (inbox / f"{number}.csv").write_text("\n".join(["单号,行号,数量", *lines]), encoding="gb18030")
            os.utime(inbox / f"{number}.csv", (1e9, 1e9 + 3 - number))
        return lambda: FolderConnector(FolderConfig(path=tmp_path), {"orders": STREAM}, {})

    @pytest.fixture
    def system_state(self, tmp_path: Path) -> Callable[[], object]:
        return lambda: {
            path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
        }

    @pytest.fixture
    def late_record(self, tmp_path: Path) -> Callable[[], Row]:
        def add() -> Row:
            path = tmp_path / "inbox" / "acme" / "!.csv"
            path.write_text("单号,行号,数量\nPO-late,1,10\n", encoding="utf-8")
            os.utime(path, (1e8, 1e8))
            return ("PO-late", "1")

        return add

    @pytest.fixture
    def half_written(self, tmp_path: Path) -> Callable[[], tuple[Row, Callable[[], object]]]:
        def begin() -> tuple[Row, Callable[[], object]]:
            path = tmp_path / "inbox" / "acme" / "half.csv.part"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("单号,行号,数量\nPO-half,1,1", encoding="utf-8")

            def finish() -> None:
                path.write_text("单号,行号,数量\nPO-half,1,10\n", encoding="utf-8")
                path.rename(path.with_suffix(""))

            return ("PO-half", "1"), finish

        return begin
