"""How a command that works for minutes starts."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH_SECONDS = 0.0005


@contextmanager
def long_work() -> Iterator[None]:
    """Around the imports of a command that serves, or embeds while it reads, till the process ends.

    What is imported stays to the end, so it is never looked through for garbage: that would take a
    tenth of the time of the imports, again and again while the command works, and half a second
    when the process ends.
    """
    # So that threads that embed or judge need not wait long for the one that reads or answers, nor
    # that one for them.
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
