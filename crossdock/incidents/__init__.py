"""Incidents: rules over canonical facts, and the life of what they find."""

from crossdock.incidents.evaluate import Evaluation, evaluate
from crossdock.incidents.lifecycle import acknowledge
from crossdock.incidents.rules import Rule, load_rules

__all__ = ["Evaluation", "Rule", "acknowledge", "evaluate", "load_rules"]
