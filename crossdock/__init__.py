"""Crossdock: the application over connectors, mappings, the store and WeCom."""

import os
import sys

# Arrow asks once, as it is imported. Its own choice keeps what a large landing had, and two pools at once keep even more
if sys.platform == "linux":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
