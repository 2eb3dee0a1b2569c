"""The way of the data: read → land → map → check → merge. `sync` goes all of it."""

import os

import pyarrow as pa

from crossdock.pipeline.apply import apply
from crossdock.pipeline.land import land
from crossdock.pipeline.report import EntityCounts, RunReport
from crossdock.pipeline.sync import sync

__all__ = ["EntityCounts", "RunReport", "apply", "land", "sync"]

# Arrow's default pool keeps what it once had, up to 100 MB of a large landing; this one gives it back and is no slower
if "jemalloc" in pa.supported_memory_backends() and "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
    pa.set_memory_pool(pa.jemalloc_memory_pool())
