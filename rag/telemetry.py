"""One step of the work: a span for OpenTelemetry, a log line and a timing."""

import logging
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

from opentelemetry import trace

_tracer = trace.get_tracer("pincite")
_log = logging.getLogger("pincite.steps")


@contextmanager
def step(name: str, timings: MutableMapping[str, float]) -> Iterator[None]:
    """Time what is inside, and add the seconds to `timings[name]`."""
    start = time.perf_counter()
    with _tracer.start_as_current_span(name):
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            timings[name] = round(timings.get(name, 0.0) + seconds, 6)
            _log.info("%s took %.1f ms", name, seconds * 1000)
