"""What was said is kept for as long as the settings say, and so is what was sent of it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from corpus import answers, deliveries, schedule_runs, schedules, schema, summaries, webhooks
from corpus.deliveries import Attempt
from corpus.errors import NotFound
from corpus.schedule_runs import RunDraft, RunStatus
from corpus.schedules import ScheduleDraft
from corpus.types import DeliveryStatus
from rag import Pipeline, Settings
from rag.holdings import TENANT

_TABLES = (schema.answers, schema.summaries, schema.deliveries, schema.schedule_runs)
OLD = "2020-01-01T00:00:00.000Z"


def test_what_is_old_is_removed_and_what_is_still_to_be_sent_is_not(tmp_path: Path) -> None:
    pipeline = Pipeline(Settings(data_dir=tmp_path, threads=1, keep_answers_days=1))
    library = pipeline.library
    runs: dict[str, str] = {}
    webhook = webhooks.add(library, TENANT, "https://hooks.example/", "whsec_")
    for age in ("old", "new"):
        answers.keep(library, TENANT, f"ans_{age}", "{}")
        summaries.keep(library, TENANT, f"sum_{age}", "{}")
        for name in (f"evt_{age}", f"evt_{age}_waits"):
            deliveries.add(library, TENANT, webhook.id, name, "{}")
        sent = Attempt(OLD, 200, None, 0.1)
        deliveries.record(library, TENANT, f"evt_{age}", sent, DeliveryStatus.DELIVERED)
        for name in (age, f"{age} runs"):
            draft = ScheduleDraft(name, "0 7 * * *", "UTC", enabled=True, plan="{}", next_run_at="")
            made = schedules.create(library, TENANT, draft)
            run = schedules.add_run(library, TENANT, made.id, RunDraft(None))
            if name == age:
                schedule_runs.finish(library, TENANT, run.id, RunStatus.DONE)
            runs[name] = run.id
        if age == "old":
            with library.engine.begin() as connection:
                for table in _TABLES:
                    connection.execute(update(table).values(created_at=OLD))
    asyncio.run(pipeline.forget_answers())
    assert answers.kept(library, TENANT, "ans_new").id == "ans_new"
    assert summaries.kept(library, TENANT, "sum_new").id == "sum_new"
    with pytest.raises(NotFound):
        answers.kept(library, TENANT, "ans_old")
    with pytest.raises(NotFound):
        summaries.kept(library, TENANT, "sum_old")
    with pytest.raises(NotFound):
        schedule_runs.read_run(library, TENANT, runs.pop("old"))
    for name in runs.values():
        assert schedule_runs.read_run(library, TENANT, name).id == name
    left, _ = deliveries.page(library, TENANT, 9)
    assert [one.event_id for one in left] == ["evt_new_waits", "evt_new", "evt_old_waits"]
    pipeline.close()
