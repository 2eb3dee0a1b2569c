"""The story through real Airflow processes."""

import time
from collections.abc import Sequence

from canonical_model.errors import TransientError
from canonical_model.language import Text
from crossdock.demo.airflow_site import Site
from crossdock.demo.stage import Stage

SETTLE_SECONDS = 180.0
FOLLOWERS = ("crossdock_incidents", "crossdock_delivery")
_UNSETTLED = {
    Text(
        "没有评估的运行", "runs not evaluated"
    ): "SELECT count(*) FROM crossdock.run WHERE status = 'succeeded' AND NOT is_evaluated",
    Text("没有发出的提醒", "alerts not sent"): "SELECT count(*) FROM crossdock.alert WHERE status = 'pending'",
    Text("没有发出的消息", "messages not sent"): "SELECT count(*) FROM crossdock.delivery WHERE status = 'waiting'",
}


class ThroughAirflow:
    """Brings news through by DAG runs: triggers the source's DAG; incidents and delivery must follow by themselves.

    Args:
        stage: Where the story plays.
        site: The running Airflow.
    """

    def __init__(self, stage: Stage, site: Site) -> None:
        self._stage, self._site = stage, site
        self._awake: set[str] = set()

    @property
    def dags(self) -> Sequence[str]:
        """The DAGs that the deployment's folder must have become."""
        return [*(f"crossdock_{source}" for source in self._stage.home.sources), *FOLLOWERS]

    def run(self, source: str) -> None:
        """Triggers the DAG of a source and waits until what follows has settled.

        Raises:
            TransientError: A run failed, or what should follow did not.
        """
        dag_id = f"crossdock_{source}"
        self._wake(*FOLLOWERS, dag_id)
        self._site.wait_for_run(dag_id, self._site.trigger(dag_id))
        self.settle()

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Returns when everything that was read has been evaluated and told, and no run is under way.

        Raises:
            TransientError (XD-TMP-054): That does not come about; says what waits.
        """
        deadline = time.monotonic() + seconds
        while waiting := self._waiting():
            if time.monotonic() > deadline:
                listed = Text("、".join(one.zh for one in waiting), ", ".join(one.en for one in waiting))
                raise TransientError(
                    Text(f"读进来以后没有下文：{listed.zh}。", f"Nothing followed what was read: {listed.en}."),
                    hint=Text(f"请看 DAG {'、'.join(FOLLOWERS)}。", f"Look at the DAGs {', '.join(FOLLOWERS)}."),
                    code="XD-TMP-054",
                )
            time.sleep(0.3)

    def _waiting(self) -> list[Text]:
        waiting = [what for what, query in _UNSETTLED.items() if self._stage.count(query)]
        if not waiting and self._site.active_runs(*FOLLOWERS):
            waiting = [Text("正在进行的运行", "runs under way")]
        return waiting

    def _wake(self, *dag_ids: str) -> None:
        """Unpauses DAGs the first time that they are needed: before that nothing lies in the inboxes."""
        for dag_id in dag_ids:
            if dag_id not in self._awake:
                self._site.set_paused(dag_id, is_paused=False)
                self._awake.add(dag_id)
