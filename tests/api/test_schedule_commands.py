"""Schedules on the command line, which `pincite serve` runs."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from sqlalchemy import text as sql
from typer.testing import CliRunner, Result

from api import ticks
from api.app import create_app
from api.cli import app
from api.console import FAILED
from rag import load_settings
from rag.store import open_library
from tests.api.receiver import receiver
from tests.api.serving import serving
from tests.api.test_ticks import ended, runs_when

HERON = "The heron stands in the reeds at dawn. It waits for a fish."


def pincite(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def made(*arguments: str) -> dict[str, Any]:
    result = pincite("summarize", "--json", "--every", "0 7 * * *", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(autouse=True)
def heron(data_dir: Path, tmp_path: Path) -> Path:
    """A file that is ingested into the folder of the command line."""
    assert not data_dir.exists()
    path = tmp_path / "heron.txt"
    path.write_text(HERON)
    assert pincite("ingest", "--collection", "birds", path).exit_code == 0
    return path


def test_summarize_every_makes_a_schedule_and_shows_it_the_next_time() -> None:
    arguments = ("--collection", "birds", "--timezone", "Europe/Berlin", "--focus", "fish")
    schedule = made(*arguments)
    assert (schedule["name"], schedule["cron"]) == ("birds", "0 7 * * *")
    assert schedule["summary"] == {"collection": "birds", "focus": "fish"}
    assert made(*arguments) == schedule
    shown = pincite("summarize", "--every", "0 7 * * *", *arguments).stdout
    assert shown.startswith(f"{schedule['id']}  birds  0 7 * * * (Europe/Berlin)  next 20")
    assert " 07:00 +0" in shown


def test_another_schedule_of_the_same_name_is_an_error_in_one_line() -> None:
    made("--collection", "birds")
    result = pincite("summarize", "--collection", "birds", "--every", "0 8 * * *")
    assert result.exit_code == FAILED
    assert result.stderr.startswith("pincite: There is a schedule 'birds' already.")
    assert result.stderr.count("\n") == 1
    named = pincite("summarize", "--collection", "birds", "--every", "0 8 * * *", "--name", "at 8")
    assert named.exit_code == 0
    assert [line.split("  ")[1] for line in pincite("schedules", "list").stdout.splitlines()] == [
        "at 8",
        "birds",
    ]


def test_a_document_is_scheduled_by_what_a_person_calls_it() -> None:
    schedule = made("heron")
    (document_id,) = schedule["summary"]["document_ids"]
    assert document_id.startswith("doc_")
    assert "collection" not in schedule["summary"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--every", "at dawn"], "has 2 fields"),
        (["--every", "0 7 * * *", "--timezone", "Mars/Olympus"], "no time zone"),
        (["--every", "0 7 * * *", "--name", "x" * 101], "'name' is 'xxx"),
        (["unicorn", "--every", "0 7 * * *"], "no document 'unicorn'"),
        (["--every", "0 7 * * *", "--webhook", "https://10.0.0.1/"], "which is not public"),
        (["--every", "0 7 * * *", "--folder"], "Set PINCITE_DIGEST_DIR."),
        (["--every", "0 7 * * *", "--focus", " "], "The focus is blank"),
    ],
)
def test_what_can_not_be_scheduled_is_an_error_in_one_line(arguments: list[str], says: str) -> None:
    result = pincite("summarize", *arguments)
    assert result.exit_code == FAILED
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert pincite("schedules", "list").stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--every", "0 7 * * *", "--dry-run"],
        ["--collection", "birds", "--webhook", "https://example.com/"],
        ["--collection", "birds", "--folder"],
    ],
)
def test_what_is_made_now_goes_nowhere_and_a_schedule_is_not_tried(arguments: list[str]) -> None:
    assert pincite("summarize", *arguments).exit_code == 2
    assert pincite("schedules", "list").stdout == ""


def test_a_schedule_is_paused_resumed_and_deleted_by_name_or_id() -> None:
    schedule = made("--collection", "birds")
    assert pincite("schedules", "pause", "birds").stdout.endswith("  paused\n")
    (paused,) = json.loads(pincite("schedules", "list", "--json").stdout)["items"]
    assert (paused["enabled"], paused["next_run_at"]) == (False, None)
    assert " next 20" in pincite("schedules", "resume", schedule["id"]).stdout
    assert pincite("schedules", "delete", "birds").stdout == "birds is deleted.\n"
    result = pincite("schedules", "pause", "birds")
    assert result.exit_code == FAILED
    assert result.stderr == (
        "pincite: There is no schedule 'birds'. `pincite schedules list` names them.\n"
    )


def test_what_is_triggered_while_the_server_runs_is_delivered_with_the_secret_that_was_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ticks, "_START", timedelta(0))
    monkeypatch.setenv("PINCITE_WEBHOOK_ALLOW_PRIVATE", "127.0.0.1")
    monkeypatch.setenv("PINCITE_DIGEST_DIR", str(tmp_path / "digests"))
    with receiver(200) as hooks, serving(create_app(load_settings())) as client:
        arguments = ("--collection", "birds", "--webhook", hooks.url, "--folder")
        schedule = made(*arguments)
        assert schedule["webhook_secret"].startswith("whsec_")
        assert made(*arguments) == {**schedule, "webhook_secret": None}
        (listed,) = json.loads(pincite("schedules", "list", "--json").stdout)["items"]
        assert listed == {**schedule, "webhook_secret": None}
        line = pincite("schedules", "list").stdout
        assert line.endswith(f"  to {hooks.url}  to the folder\n")
        run_id = pincite("schedules", "trigger", "birds").stdout.split()[0]
        (run,) = runs_when(client, schedule["id"], ended(1))
        assert (run["id"], run["status"]) == (run_id, "done")
        said = client.get(run["links"]["run"]).json()["summary"]
        assert hooks.came.wait(30)
    assert said["citations"][0]["quote"] in HERON
    (got,) = hooks.got
    event = standardwebhooks.Webhook(schedule["webhook_secret"]).verify(got.body, got.headers)
    assert event["data"]["run"]["id"] == run_id
    assert len(list((tmp_path / "digests").rglob("*birds*.md"))) == 1


def test_a_new_secret_has_a_line_of_its_own_and_goes_with_its_schedule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PINCITE_WEBHOOK_ALLOW_PRIVATE", "127.0.0.1")
    arguments = ("summarize", "--every", "0 7 * * *", "--webhook", "http://127.0.0.1:9/")
    line, told = pincite(*arguments).stdout.splitlines()
    assert line.endswith("  to http://127.0.0.1:9/")
    assert re.fullmatch(r"Its webhook's secret, shown this once: whsec_[\w+/=]{44}", told)
    assert pincite(*arguments).stdout.splitlines() == [line]
    other = pincite(*arguments[:-1], "http://127.0.0.1:10/")
    assert (other.exit_code, "a schedule 'all' already" in other.stderr) == (FAILED, True)
    assert webhook_urls() == ["http://127.0.0.1:9/"]
    pincite("schedules", "delete", "all")
    assert webhook_urls() == []


def webhook_urls() -> list[str]:
    with open_library(load_settings()) as library, library.engine.connect() as connection:
        return list(connection.scalars(sql("SELECT url FROM webhooks")))


def test_a_run_waits_for_the_server_and_there_is_no_other_meanwhile() -> None:
    made("--collection", "birds")
    run_id = pincite("schedules", "trigger", "birds").stdout.split()[0]
    again = pincite("schedules", "trigger", "birds")
    assert (again.exit_code, run_id in again.stderr) == (FAILED, True)
