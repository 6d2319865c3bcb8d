"""A run as a folder of files, written as it goes, so that a killed run can go on.

run.json        what it was made with: `evals.configuration`
records.jsonl   one case a line: what was answered, its scores, and what could not be scored
timings.jsonl   seconds of each case, apart, since no two runs have the same
summary.json    every mean with its interval: `evals.summary`
grades.jsonl    what an LLM judge says of each claim, after `pincite eval judge --run`
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.errors import UnusableRun

Record = dict[str, Any]
BENCHMARKS = "benchmarks"  # the kind of a folder that is of `pincite eval all`, and no run of cases

RUN, RECORDS, TIMINGS, SUMMARY = "run.json", "records.jsonl", "timings.jsonl", "summary.json"
GRADES = "grades.jsonl"
JUDGED = ("judged_supported", "judged_contradicted")


def open_run(folder: Path, made_with: Mapping[str, Any]) -> list[Record]:
    """Make a run's folder, or open one to go on; returns the records that it has.

    Raises UnusableRun for a run that was made with something else, which is named, or a folder
    that holds other things.
    """
    if not (folder / RUN).exists():
        if folder.exists() and any(folder.iterdir()):
            raise UnusableRun(f"{folder} has files in it and is no run. Name a new folder.")
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / RUN, made_with)
        return []
    before = _json(folder / RUN)
    changed = sorted(
        name for name in {*before, *made_with} if before.get(name) != made_with.get(name)
    )
    if changed:
        raise UnusableRun(
            f"{folder} is a run with other {', '.join(changed)}: going on would mix the two. Name "
            "a new folder."
        )
    for name in (RECORDS, TIMINGS):
        mend(folder / name)
    return read_lines(folder / RECORDS)


def read_run(folder: Path) -> tuple[dict[str, Any], list[Record]]:
    """What a run was made with, and its records; raises UnusableRun where it is none or not done.

    A run that was stopped half-way has fewer cases, and not by chance, so it is not measured. What
    an LLM judge said of it is among the scores.
    """
    if not (folder / RUN).exists():
        raise UnusableRun(f"{folder} is no run: it has no {RUN}. `pincite eval run` makes one.")
    made_with, records = _json(folder / RUN), read_lines(folder / RECORDS)
    if made_with.get("kind") == BENCHMARKS:
        raise UnusableRun(f"{folder} is of `pincite eval all`, which has no cases to look at.")
    if len(records) != made_with["cases"]:
        raise UnusableRun(
            f"{folder} has {len(records)} of {made_with['cases']} cases: it was stopped. Start the "
            "same `pincite eval run` again, and it goes on."
        )
    if (folder / GRADES).exists():
        graded = {row["claim"]: row for row in read_lines(folder / GRADES)}
        judge = next(
            ({name: row[name] for name in ("model", "prompt")} for row in graded.values()), {}
        )
        return made_with | {"judge": judge}, [_with_grades(one, graded) for one in records]
    return made_with, records


def claim_key(claim: str, sources: Sequence[str]) -> str:
    """What a claim with its sources is known by in the file of grades."""
    return hashlib.sha256(json.dumps([claim, *sources]).encode()).hexdigest()[:16]


def _with_grades(record: Record, graded: Mapping[str, Record]) -> Record:
    """A record with what a judge said; unscored where any claim has no grade.

    A mean of the claims that have one would be of those that are easy to grade.
    """
    rows = [graded.get(claim_key(claim, sources)) for claim, sources in record["claims"]]
    if not rows:
        return record
    missing = [row for row in rows if row is None or row["grade"] is None]
    if missing:
        reason = next((row["reason"] for row in missing if row is not None), "not judged")
        why = f"{len(missing)} of {len(rows)} claims have no grade: {reason}"
        return record | {"unscored": record["unscored"] | dict.fromkeys(JUDGED, why)}
    shares = {
        name: sum(row is not None and row["grade"] == name.removeprefix("judged_") for row in rows)
        / len(rows)
        for name in JUDGED
    }
    return record | {"scores": record["scores"] | shares}


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add a line, which is on the disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def write_lines(path: Path, rows: list[Record]) -> None:
    """Write lines anew, all or none."""
    _replace(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file, all or none, the same bytes for the same content."""
    _replace(path, json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def read_timings(folder: Path) -> list[Record]:
    """Seconds of the cases; of one that was done twice the last."""
    return list({row["id"]: row for row in read_lines(folder / TIMINGS)}.values())


def _replace(path: Path, content: str) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


def read_lines(path: Path) -> list[Record]:
    """The lines that were written whole; none where there is no file.

    Raises UnusableRun for lines that are no JSON.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    try:
        return [json.loads(line) for line in content[: _whole(content)].splitlines()]
    except ValueError as error:
        raise UnusableRun(f"{path} is damaged: {error}. Take another.") from None


def mend(path: Path) -> None:
    """Cut off what a killed process left of a line, before more is appended."""
    if not path.exists():
        return
    content = path.read_bytes()
    if (whole := _whole(content)) < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)


def _whole(content: bytes) -> int:
    return content.rfind(b"\n") + 1


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnusableRun(f"{path} is damaged: {error}. Name a new folder.") from None
    if not isinstance(found, dict) or not isinstance(found.get("cases"), int):
        raise UnusableRun(f"{path} does not describe a run. Name a new folder.")
    return found
