"""What can be known about the image and the compose file without a container engine."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]
AIRFLOW = sorted(name for name in SERVICES if name.startswith("airflow-"))
SECRET = re.compile(r"PASSWORD$|SECRET|FERNET_KEY|TOKEN")
REQUIRED = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")


def literal_secrets(environment: dict[str, str]) -> list[str]:
    """Variables that hold a secret in clear, or fall back to one."""
    plain = {name for name, value in environment.items() if SECRET.search(name) and not REQUIRED.fullmatch(value)}
    inside = {name for name, value in environment.items() if re.search(r"://\w+:(?!\$\{[A-Z_]+:\?)", value)}
    return sorted(plain | inside)


def is_pinned(image: str) -> bool:
    name, _, tag = image.rpartition(":")
    return bool(name) and tag not in {"", "latest"} and any(letter.isdigit() for letter in tag)


def copied_paths() -> Iterator[str]:
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        yield from line.split()[:-1]


def test_compose_starts_every_part_of_the_system() -> None:
    assert {"airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"} <= set(SERVICES)
    assert {"postgres", "portal"} <= set(SERVICES)
    assert SERVICES["portal"]["command"][:2] == ["crossdock", "serve"]
    assert any(port.endswith(":8600") for port in SERVICES["portal"]["ports"])


@pytest.mark.parametrize("name", AIRFLOW)
def test_an_airflow_service_has_all_settings(name: str) -> None:
    environment = SERVICES[name]["environment"]

    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://airflow-api-server:8080/execution/"
    assert environment["CROSSDOCK_HOME"] == "/home/crossdock/home"
    assert "home:/home/crossdock/home" in SERVICES[name]["volumes"]
    for variable in (
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "CROSSDOCK_DATABASE_URL",
    ):
        assert REQUIRED.search(environment[variable]), variable


def test_two_databases_of_their_own() -> None:
    environment = SERVICES["airflow-scheduler"]["environment"]

    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].endswith("@postgres:5432/airflow")
    assert environment["CROSSDOCK_DATABASE_URL"].endswith("@postgres:5432/crossdock")
    assert re.findall(r"CREATE DATABASE (\w+)", COMPOSE) == ["airflow", "crossdock"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_stands_in_the_file(name: str) -> None:
    assert literal_secrets(SERVICES[name].get("environment", {})) == []


def test_a_secret_in_the_file_would_be_noticed() -> None:
    bad = {
        "DB_PASSWORD": "hunter2",
        "JWT_SECRET": "${JWT_SECRET:-changeme}",
        "URL": "postgresql://me:hunter2@host/db",
        "GOOD_PASSWORD": "${GOOD_PASSWORD:?set it}",
    }

    assert literal_secrets(bad) == ["DB_PASSWORD", "JWT_SECRET", "URL"]


def test_every_image_is_pinned() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) + [each["image"] for each in SERVICES.values()]

    assert len(images) > len(SERVICES)
    assert [image for image in images if not is_pinned(image)] == []
    assert not is_pinned("postgres")
    assert not is_pinned("postgres:latest")


def test_ports_are_open_to_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert [port for port in ports if ":-127.0.0.1:" not in port] == []


def test_the_image_is_tagged_with_our_version() -> None:
    version = re.search(r"^version = (\S+)$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.MULTILINE)

    assert version
    assert SERVICES["portal"]["image"] == f"crossdock:{version[1]}"


def test_the_image_takes_the_locked_versions_and_runs_without_root() -> None:
    assert "--constraint requirements.lock" in DOCKERFILE
    assert "--compile-bytecode" in DOCKERFILE
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "crossdock"
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert re.search(r"^uv==[\d.]+$", lock, re.MULTILINE)
    assert re.search(r"^setuptools==[\d.]+$", lock, re.MULTILINE)


def test_the_image_copies_only_what_exists() -> None:
    paths = list(copied_paths())

    assert {"crossdock", "dags", "requirements.lock"} <= set(paths)
    assert [path for path in paths if not (ROOT / path).exists()] == []
