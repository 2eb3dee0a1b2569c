"""The demonstration as a person sees it: the story, a summary, and with Airflow a site that stays up."""

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from canonical_model.errors import ConfigError
from canonical_model.language import Language, Text, choose_language
from crossdock.demo import workbooks
from crossdock.demo.airflow_site import Metadata, Site, Tell, airflow_version, running_site
from crossdock.demo.processes import orderly_end, own_environment
from crossdock.demo.stage import Stage, open_stage
from crossdock.demo.story import Check, Direct, StepResult, Story
from crossdock.demo.with_airflow import ThroughAirflow
from crossdock.store import embedded
from crossdock.store.embedded import EmbeddedServer

FOLDER = ".demo"


def run(*, airflow: bool = False, once: bool = False) -> int:
    """Plays the story in `.demo` of the current folder; 0 when every expectation held.

    Args:
        airflow: Play it a second time through Airflow, and stay up.
        once: With Airflow: end after the story.

    Raises:
        CrossdockError: The stage could not be set up.
    """
    folder = Path.cwd() / FOLDER
    screen = _Screen()
    with orderly_end() as asked, own_environment(), _alone(folder):
        try:
            code = (
                _with_airflow(folder, screen, stay=not once)
                if airflow
                else _without_airflow(folder, screen, is_all=True)
            )
        except (KeyboardInterrupt, Exception):
            if signal.SIGINT not in asked:
                raise
            code = 130
        finally:
            embedded.wait_until_stopped(folder / "home" / ".crossdock")
        if code and signal.SIGINT in asked:
            screen.say(Text("已停止。", "Stopped."))
            return 130
        return code


def remove() -> None:
    """Deletes `.demo` of the current folder with the embedded server's files, which may lie elsewhere.

    Raises:
        StoreError: A demonstration is running.
    """
    folder = Path.cwd() / FOLDER
    embedded.remove(folder / "home" / ".crossdock")
    shutil.rmtree(folder, ignore_errors=True)


def _without_airflow(folder: Path, screen: "_Screen", *, is_all: bool) -> int:
    screen.say(
        Text(
            "[bold]Crossdock 演示[/]：从供应商的表格到一张企业微信卡片",
            "[bold]Crossdock[/]: from a workbook to one WeCom card",
        )
    )
    with open_stage(folder / "home") as stage:
        holds = screen.play(Story(stage, Direct(stage)))
    screen.conclude(holds=holds)
    if holds and is_all:
        screen.what_next()
    return 0 if holds else 1


def _with_airflow(folder: Path, screen: "_Screen", *, stay: bool) -> int:
    airflow_home = folder / "airflow" / airflow_version()
    with EmbeddedServer.start(folder / "home" / ".crossdock", report=screen.say) as server:
        metadata = Metadata(server, airflow_home)
        try:
            metadata.begin()  # it takes a dozen seconds, while the story is told without Airflow
            if _without_airflow(folder, screen, is_all=False):
                return 1
            with screen.busy(Text("准备 Airflow 的元数据库", "preparing Airflow's metadata database")):
                metadata.finish()
        finally:
            metadata.close()
        screen.say(Text("\n[bold]同一个故事，经由 Airflow[/]", "\n[bold]The same story, through Airflow[/]"))
        with open_stage(folder / "home") as stage, running_site(server, airflow_home, stage.environment()) as site:
            return _perform(stage, site, screen, stay=stay)


def _perform(stage: Stage, site: Site, screen: "_Screen", *, stay: bool) -> int:
    runner = ThroughAirflow(stage, site)
    with screen.busy(Text("启动 Airflow", "starting Airflow")) as tell:
        site.wait_until_up(tell)
        site.wait_for_dags(runner.dags, tell)
    if stay:
        screen.addresses(stage, site)
    story = Story(stage, runner)
    holds = screen.play(story)
    result = StepResult(Text("Airflow 里没有失败的运行", "no run failed in Airflow"))
    result.checks.append(Check(Text("失败的 DAG 运行", "failed DAG runs"), [], site.failed_runs()))
    screen.show(result)
    holds = holds and result.holds
    screen.conclude(holds=holds)
    if stay:
        _stay(story, stage, site, screen)
    elif holds:
        screen.what_next()
    return 0 if holds else 1


def _stay(story: Story, stage: Stage, site: Site, screen: "_Screen") -> None:
    """Waits for Ctrl-C, with a workbook at hand for an own try."""
    line = next(line for line in story.orders if line.key == ("PO-20", 2))
    own = stage.home.path / "采购订单_自己试试.xlsx"
    workbooks.write_orders(
        own, workbooks.changed_orders(story.orders, line.key, quantity=line.quantity - 50, due=line.due), stage.today
    )
    screen.addresses(stage, site)
    here = os.path.relpath(own)
    screen.say(
        Text(
            f"自己试试：改一改 {here}，复制到 {os.path.relpath(stage.home.path)}/inbox/erp/，"
            "在 Airflow 里点 crossdock_erp 的 Trigger（或等 10 分钟）。\n按 Ctrl-C 结束。",
            f"Try it: edit {here}, copy it into {os.path.relpath(stage.home.path)}/inbox/erp/, "
            "and trigger crossdock_erp in Airflow (or wait ten minutes).\nCtrl-C ends.",
        )
    )
    try:
        while True:
            site.child.check()
            time.sleep(1)
    except KeyboardInterrupt:
        with screen.busy(Text("正在停止", "stopping")):
            site.child.stop()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demonstration at a time in one folder.

    Raises:
        ConfigError (XD-CFG-072): Another one is running.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    with (folder / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                Text("这个文件夹里已有一个演示在运行。", "A demonstration is running in this folder already."),
                where=str(folder),
                hint=Text("请先按 Ctrl-C 结束它。", "End it with Ctrl-C first."),
                code="XD-CFG-072",
            ) from None
        yield


@dataclass
class _Screen:
    """What the terminal shows."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    language: Language = field(default_factory=choose_language)

    def say(self, text: Text) -> None:
        self.console.print(text.get(self.language), soft_wrap=True)

    @contextmanager
    def busy(self, text: Text) -> Iterator[Tell]:
        """Shows that something is under way; what is told replaces the words, where a terminal can do that."""
        began = time.monotonic()

        def tell(now: Text) -> None:
            status.update(f"{now.get(self.language)}（{time.monotonic() - began:.0f} s）")

        if not self.console.is_terminal:
            self.say(text)
        with self.console.status(text.get(self.language)) as status:
            yield tell
        self.console.print(f"[green]✓[/] {text.get(self.language)} [dim]{time.monotonic() - began:.0f} s[/]")

    def play(self, story: Story) -> bool:
        with self.console.status("") as status:
            return story.play(self.show, lambda title: status.update(title.get(self.language)))

    def show(self, result: StepResult) -> None:
        mark = "[green]✓[/]" if result.holds else "[red]✗[/]"
        self.console.print(f"{mark} {result.title.get(self.language)} [dim]{result.seconds:.1f} s[/]")
        for sentence in result.shown:
            self.console.print(f"    [cyan]{escape(sentence)}[/]", soft_wrap=True)
        for check in result.checks:
            if not check.holds:
                wanted, found = Text("应为", "wanted").get(self.language), Text("实为", "found").get(self.language)
                line = f"{check.what.get(self.language)}: {wanted} {check.wanted}, {found} {check.found}"
                self.console.print(f"    [red]{escape(line)}[/]", soft_wrap=True)
        if result.problem:
            self.console.print(f"    [red]{escape(result.problem.get(self.language))}[/]", soft_wrap=True)

    def conclude(self, *, holds: bool) -> None:
        self.say(
            Text("[bold green]✓ 每一步都符合预期。[/]", "[bold green]✓ Every step went as expected.[/]")
            if holds
            else Text(
                "[bold red]✗ 演示没有按预期进行，见上。[/]",
                "[bold red]✗ The story did not go as expected; see above.[/]",
            )
        )

    def what_next(self) -> None:
        command = os.path.relpath(sys.argv[0])
        self.say(
            Text(
                f"数据留在 {FOLDER}/home；看一看：CROSSDOCK_HOME={FOLDER}/home {command} status\n"
                f"读自己的表格：{command} preview 你的表格.xlsx；建自己的部署：{command} init myhub",
                f"The data stays in {FOLDER}/home; look: CROSSDOCK_HOME={FOLDER}/home {command} status\n"
                f"Your own sheet: {command} preview FILE.xlsx; a deployment of your own: {command} init myhub",
            )
        )

    def addresses(self, stage: Stage, site: Site) -> None:
        table = Table.grid(padding=(0, 2))
        rows = (
            (Text("企业微信模拟器", "WeCom simulator"), stage.simulator.url, ""),
            (Text("Airflow", "Airflow"), site.url, f"admin / {site.password}"),
            (
                Text("Crossdock 页面", "Crossdock pages"),
                stage.portal,
                Text("从卡片打开", "opened from the cards").get(self.language),
            ),
            (
                Text("数据", "data"),
                os.path.relpath(stage.home.path),
                Text("在那里运行 crossdock status", "run crossdock status there").get(self.language),
            ),
        )
        for name, address, note in rows:
            table.add_row(name.get(self.language), f"[bold]{address}[/]", escape(note))
        self.console.print(Panel(table, expand=False))
