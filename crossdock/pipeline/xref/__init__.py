"""Code cross-references: which source's code means which thing; proposed with evidence, decided by a person."""

from crossdock.pipeline.xref.conflicts import Conflict, find_conflicts
from crossdock.pipeline.xref.decide import Decision, Reference, confirm, listed, reject
from crossdock.pipeline.xref.propose import Proposals, propose

__all__ = [
    "Conflict",
    "Decision",
    "Proposals",
    "Reference",
    "confirm",
    "find_conflicts",
    "listed",
    "propose",
    "reject",
]
