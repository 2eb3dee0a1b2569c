"""An honest stand-in for WeCom on one machine: its API with limits and errors, phones to look at, buttons to press."""

from wecom_notify.simulator.config import SimulatorConfig
from wecom_notify.simulator.server import create_simulator

__all__ = ["SimulatorConfig", "create_simulator"]
