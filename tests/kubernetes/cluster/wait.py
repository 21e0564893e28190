"""Waiting for conditions, never for time."""

import time


class Timeout(AssertionError):
    """What did not come true, and how it looked last."""


def until(what: str, condition, *, seconds: float = 60, pause: float = 0.1):
    """The first value of `condition()` that is true. An exception counts as "not yet"."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except Timeout:
            raise
        except Exception as error:  # the last one is told
            value, seen = None, repr(error)
        else:
            if value:
                return value
            seen = repr(value)
        if time.monotonic() > end:
            raise Timeout(f"{what}: not within {seconds:g} s; last seen: {seen[-2000:]}")
        time.sleep(pause)
