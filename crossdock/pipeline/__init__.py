"""The way of the data: read → land → map → check → merge. `sync` goes all of it."""

from crossdock.pipeline.apply import apply
from crossdock.pipeline.land import land
from crossdock.pipeline.report import EntityCounts, RunReport
from crossdock.pipeline.sync import sync

__all__ = ["EntityCounts", "RunReport", "apply", "land", "sync"]
