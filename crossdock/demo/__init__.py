"""The demonstration: one order's story from a workbook to a WeCom card and back."""

from crossdock.demo.show import remove, run

__all__ = ["remove", "run"]
