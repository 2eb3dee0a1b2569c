"""Makes the project's virtual environment from `requirements.lock`, with nothing but Python and a package index.

Called by the Makefile as `python3 tools/bootstrap.py [folder]`. A second call finds its stamp and returns at once.
Keep the grammar of this file readable by old Pythons: they are to reach the sentence that says that they are too old.
"""

import ast
import hashlib
import importlib.util
import os
import shutil
import subprocess  # a bootstrap runs pip and uv
import sys
import time
from pathlib import Path

OLDEST = (3, 11)


def say(zh: str, en: str) -> None:
    """Shows one line of progress in both languages."""
    sys.stdout.write(f"{zh} · {en}\n")
    sys.stdout.flush()


if sys.version_info < OLDEST:  # this is the check
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    newer = [name for name in ("python3.11", "python3.12", "python3.13", "python3.14") if shutil.which(name)]
    remedy = f"make PYTHON={(newer or ['python3.11'])[0]}"
    say(
        f"✗ 需要 Python 3.11 或更新版本，这里是 {here}。安装后运行：{remedy}",
        f"Python 3.11 or newer is needed, this is {here}. Once it is installed, run: {remedy}",
    )
    sys.exit(1)

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
STAMP = ".crossdock-stamp"
UNREACHABLE = (
    "无法从软件包索引安装。请检查网络；在国内可先设置镜像：pip config set global.index-url <镜像地址>",
    "Cannot install from the package index. Check the network, or name a mirror first: "
    "pip config set global.index-url <address>",
)
CONNECTION_SIGNS = ("Retrying (Retry(", "Max retries exceeded", "Name or service not known", "SSLError", "ProxyError")

# Settings of pip -> the variable by which uv takes the same, and the variables that say "leave uv to me".
SINGLE = {
    "index-url": ("UV_DEFAULT_INDEX", ("UV_DEFAULT_INDEX", "UV_INDEX_URL")),
    "cert": ("SSL_CERT_FILE", ("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS")),
    "proxy": ("ALL_PROXY", ("ALL_PROXY", "HTTPS_PROXY", "https_proxy", "all_proxy")),
    "timeout": ("UV_HTTP_TIMEOUT", ("UV_HTTP_TIMEOUT",)),
    "default-timeout": ("UV_HTTP_TIMEOUT", ("UV_HTTP_TIMEOUT",)),
}
SEVERAL = {
    "extra-index-url": ("UV_INDEX", " ", ("UV_INDEX", "UV_EXTRA_INDEX_URL")),
    "find-links": ("UV_FIND_LINKS", ",", ("UV_FIND_LINKS",)),
    "trusted-host": ("UV_INSECURE_HOST", " ", ("UV_INSECURE_HOST",)),
}


class BootstrapError(Exception):
    """The environment cannot be made; the two texts say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


def fingerprint() -> str:
    """A digest of everything that decides what the environment holds."""
    digest = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for path in (LOCK, ROOT / "setup.cfg", ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def pip_settings(listing: str) -> dict[str, str]:
    """Setting -> value from the output of `pip config list`; [install] beats [global], the environment beats both."""
    ranks = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        name, _, quoted = line.partition("=")
        section, _, setting = name.partition(".")
        rank = ranks.get(section, -1)
        if rank >= found.get(setting, (0, ""))[0]:
            found[setting] = (rank, str(ast.literal_eval(quoted)))
    return {setting: value for setting, (_, value) in found.items()}


def uv_environment(settings: dict[str, str], present: dict[str, str]) -> dict[str, str]:
    """The variables that make uv use pip's mirror; those that somebody has set for uv stay as they are."""
    added = {}
    for setting, (variable, owners) in SINGLE.items():
        if settings.get(setting) and not any(present.get(owner) for owner in owners):
            added[variable] = settings[setting]
    for setting, (variable, gap, owners) in SEVERAL.items():
        places = [place for place in settings.get(setting, "").split() if is_there(place)]
        if places and not any(present.get(owner) for owner in owners):
            added[variable] = gap.join(places)
    if "UV_INDEX" in added and not present.get("UV_INDEX_STRATEGY"):
        added["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip looks into all indexes; uv stops at the first hit
    return added


def is_there(place: str) -> bool:
    """Whether a find-links or index address can exist; pip passes over a missing folder, uv stops at it."""
    path = place.removeprefix("file://")
    return "://" in path or not path.startswith("/") or Path(path).exists()


def run(*command: str, environment: dict[str, str], quiet: bool = False) -> str | None:
    """Runs a command; gives None when it succeeded, else its words (empty when they were shown already)."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        check=False,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
    )
    return None if done.returncode == 0 else (done.stdout or "")


def make_venv(folder: Path) -> None:
    """Creates the environment with pip in it, or repairs one that was left half made or belongs to another Python."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise BootstrapError(
            "这个 Python 没有 venv 模块。Debian/Ubuntu 请运行：apt-get install python3-venv",
            "This Python lacks the venv module. On Debian/Ubuntu run: apt-get install python3-venv",
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").is_file():
        raise BootstrapError(
            f"{folder} 已存在且不是虚拟环境，未做任何改动。请用 VENV= 指定其他位置。",
            f"{folder} exists and is no virtual environment; nothing was touched. Name another place with VENV=.",
        )
    import venv  # absent from some Pythons, as said above

    try:
        venv.create(folder, with_pip=True, clear=folder.exists() and not is_usable(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        raise BootstrapError(
            f"无法建立虚拟环境 {folder}：{error}", f"Cannot create the virtual environment {folder}: {error}"
        ) from error


def is_usable(folder: Path) -> bool:
    """Whether the environment runs, and on this very Python: two of one version do not share their libraries."""
    asked = (str(folder / "bin" / "python"), "-c", "import sys, ssl; print(sys.version, sys.base_prefix)")
    try:
        done = subprocess.run(asked, check=False, capture_output=True, text=True)
    except OSError:
        return False
    return done.stdout.strip() == f"{sys.version} {sys.base_prefix}"


def install_uv(python: str, environment: dict[str, str]) -> bool:
    """Installs the uv that the lock names; False where no uv exists for this machine.

    Raises:
        BootstrapError: The index does not answer.
    """
    pin = next(line.split()[0] for line in LOCK.read_text().splitlines() if line.startswith("uv=="))
    words = run(
        python, "-m", "pip", "install", "--retries", "1", "--only-binary", "uv", pin,
        environment=environment, quiet=True,
    )  # fmt: skip
    if words is not None and any(sign in words for sign in CONNECTION_SIGNS):
        sys.stderr.write(words)
        raise BootstrapError(*UNREACHABLE)
    return words is None


def install(python: str, environment: dict[str, str]) -> None:
    """Installs exactly what the lock names, then the project itself in editable form.

    Raises:
        BootstrapError: Neither uv nor pip could do it.
    """
    say("[2/4] 安装 uv", "installing uv")
    project = ("--no-deps", "--no-build-isolation", "-e", ".")
    if install_uv(python, environment):
        listing = subprocess.run(
            [python, "-m", "pip", "config", "list"], env=environment, check=False, capture_output=True, text=True
        )
        with_mirror = environment | uv_environment(pip_settings(listing.stdout), environment)
        uv = (python, "-m", "uv", "pip")
        say("[3/4] 按 requirements.lock 安装依赖", "installing what requirements.lock names")
        if run(*uv, "sync", "--python", python, str(LOCK), environment=with_mirror) is None:
            say("[4/4] 安装 Crossdock 本身", "installing Crossdock itself")
            if run(*uv, "install", "--quiet", "--python", python, *project, environment=with_mirror) is None:
                return
    say("uv 在这里不可用，改用 pip（较慢）", "uv does not work here; going on with pip, which is slower")
    pip = (python, "-m", "pip", "install")
    if run(*pip, "-r", str(LOCK), environment=environment) is not None:
        raise BootstrapError(*UNREACHABLE)
    if run(*pip, "--quiet", *project, environment=environment) is not None:
        raise BootstrapError("Crossdock 本身安装失败，原因见上。", "Crossdock itself did not install; see above.")


def main() -> int:
    """Makes or refreshes the environment; 0 when it is ready."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".venv")
    folder = folder if folder.is_absolute() else ROOT / folder
    stamp, wanted = folder / STAMP, fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted and (folder / "bin" / "python").exists():
        return 0
    began = time.monotonic()
    try:
        say(f"[1/4] 建立虚拟环境 {folder.name}", f"creating the virtual environment {folder.name}")
        make_venv(folder)
        stamp.unlink(missing_ok=True)
        environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        install(str(folder / "bin" / "python"), environment)
    except BootstrapError as error:
        say(f"✗ {error.zh}", error.en)
        return 1
    stamp.write_text(wanted)
    seconds = time.monotonic() - began
    say(f"✓ 环境就绪（{seconds:.0f} 秒）", f"the environment is ready ({seconds:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
