"""A step is timed, logged and traced."""

import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rag import telemetry
from rag.telemetry import step


def test_a_step_is_timed_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([10.0, 12.5])
    monkeypatch.setattr("rag.telemetry.time.perf_counter", lambda: next(ticks))
    timings: dict[str, float] = {}
    with step("retrieve", timings):
        assert timings == {}
    assert timings == {"retrieve": 2.5}


def test_a_step_taken_twice_has_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 1.0, 5.0, 7.0])
    monkeypatch.setattr("rag.telemetry.time.perf_counter", lambda: next(ticks))
    timings: dict[str, float] = {"other": 4.0}
    for _ in range(2):
        with step("read", timings):
            pass
    assert timings == {"other": 4.0, "read": 3.0}


def test_a_step_that_fails_is_timed_and_the_error_goes_on() -> None:
    timings: dict[str, float] = {}
    with pytest.raises(KeyError, match="lost"), step("load", timings):
        raise KeyError("lost")
    assert timings["load"] >= 0


def test_a_step_writes_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="pincite.steps"), step("retrieve", {}):
        pass
    (record,) = caplog.records
    assert record.name == "pincite.steps"
    assert record.getMessage().startswith("retrieve took ")
    assert record.getMessage().endswith(" ms")


def test_a_step_is_a_span_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    with step("ask", {}), step("retrieve", {}):
        pass
    inner, outer = exporter.get_finished_spans()
    assert (inner.name, outer.name) == ("retrieve", "ask")
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
