"""The day that dated assumptions are measured by: the only place that reads a clock for it."""

from __future__ import annotations

import os


def today(given: str = "") -> str:
    """The day as `YYYY-MM-DD`: `given`, else that of `SOURCE_DATE_EPOCH`, else that of the clock.

    Days are those of Greenwich, so that machines in all places agree.
    """
    if given:
        return given
    import time

    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) < 12 else None
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
