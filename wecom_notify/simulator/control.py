"""The switches of the simulator under `/_mock`: make it fail, be slow or silent, look inside, press buttons."""

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from canonical_model.text import JsonValue
from wecom_notify.simulator import clicks
from wecom_notify.simulator.interference import Interference, Rule
from wecom_notify.simulator.state import State


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fail(_Order):
    """Answer an error instead of working."""

    path: str = Field(description="Address concerned, /cgi-bin/message/send")
    errcode: int = Field(description="Code to answer")
    errmsg: str = Field(default="", description="Text to answer")
    times: int = Field(default=1, ge=1, description="For this many calls")


class Delay(_Order):
    """Work, but answer late."""

    path: str = Field(description="Address concerned")
    seconds: float = Field(ge=0, description="Seconds to wait before working")
    times: int = Field(default=1, ge=1, description="For this many calls")


class DropResponse(_Order):
    """Work, but never answer."""

    path: str = Field(description="Address concerned")
    times: int = Field(default=1, ge=1, description="For this many calls")


class Click(_Order):
    """A member presses a button."""

    task_id: str = Field(description="Card")
    user: str = Field(description="User id of the member")
    key: str = Field(description="Key of the button")


def create_control(state: State, interference: Interference) -> APIRouter:
    """The routes below `/_mock`."""
    router = APIRouter(prefix="/_mock")

    @router.post("/expire", response_model=None)
    def expire() -> dict[str, int]:
        return {"expired": state.expire_tokens()}

    @router.post("/fail", response_model=None)
    def fail(order: Fail) -> dict[str, bool]:
        interference.add(Rule(order.path, order.times, errcode=order.errcode, errmsg=order.errmsg))
        return {"ok": True}

    @router.post("/delay", response_model=None)
    def delay(order: Delay) -> dict[str, bool]:
        interference.add(Rule(order.path, order.times, seconds=order.seconds))
        return {"ok": True}

    @router.post("/drop_response", response_model=None)
    def drop_response(order: DropResponse) -> dict[str, bool]:
        interference.add(Rule(order.path, order.times, is_silent=True))
        return {"ok": True}

    @router.get("/inbox", response_model=None)
    def inbox(user: str = "", robot: str = "") -> list[dict[str, JsonValue]]:
        with state.lock:
            copies = state.chat(user or robot) if user or robot else state.inbox
            return [copy.as_json() for copy in copies]

    @router.get("/dropped", response_model=None)
    def dropped() -> list[dict[str, JsonValue]]:
        with state.lock:
            return list(state.dropped)

    @router.get("/calls", response_model=None)
    def calls(path: str = "") -> list[dict[str, JsonValue]]:
        with state.lock:
            return [call for call in state.calls if not path or call["path"] == path]

    @router.get("/callbacks", response_model=None)
    def callbacks() -> list[dict[str, JsonValue]]:
        with state.lock:
            return list(state.callbacks)

    @router.post("/click", response_model=None)
    def click(order: Click) -> dict[str, JsonValue]:
        try:
            return clicks.press(state, order.task_id, order.user, order.key)
        except clicks.NotClickableError as error:
            raise HTTPException(409, str(error)) from error

    @router.post("/verify_url", response_model=None)
    def verify_url() -> dict[str, JsonValue]:
        return clicks.verify_url(state)

    return router
