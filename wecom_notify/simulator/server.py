"""Puts the simulator together."""

from fastapi import FastAPI

from wecom_notify.simulator.api import create_api
from wecom_notify.simulator.config import SimulatorConfig
from wecom_notify.simulator.control import create_control
from wecom_notify.simulator.interference import Interference, InterferenceMiddleware
from wecom_notify.simulator.pages import STATIC, create_pages
from wecom_notify.simulator.state import State


def create_simulator(config: SimulatorConfig) -> FastAPI:
    """The simulator as an ASGI application, for uvicorn; everything is in memory and ends with it.

    Args:
        config: The simulated corp.
    """
    state = State(config)
    interference = Interference()
    app = FastAPI(title="WeCom simulator", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(create_api(state))
    app.include_router(create_control(state, interference))
    app.include_router(create_pages(state))
    app.mount("/static", STATIC)

    app.add_middleware(InterferenceMiddleware, state=state, interference=interference)
    return app
