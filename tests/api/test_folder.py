"""Digests are whole files, in their folder and nowhere else, whose names sort by time."""

import os
import re
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from api.folder import write_digest
from corpus.errors import InvalidRequest
from corpus.types import Span
from rag.render import html_of, markdown_of
from rag.types import EXTRACTIVE, Sentence, Summary, Usage, Verdict

AT = datetime(2026, 11, 25, 6, 15, tzinfo=UTC)
TEXT = "Four ferries sail to Größe \ud83d \x00 now."
MADE = Summary(
    id="sum_1",
    document_ids=(),
    focus=None,
    text=TEXT,
    sentences=(Sentence(TEXT, Span(0, len(TEXT)), Verdict.SUPPORTED, 1.0, ()),),
    citations=(),
    coverage=(),
    usage=Usage(1),
    timings={},
    model=EXTRACTIVE,
    prompt_hash=None,
)
NAMES = ["../../x", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "C:\\x", "~", "x" * 500, "ü" * 300]
NAMES += ["\x00", "a\nb", "CON", ".hidden", "-rf", "日本語" * 50, "\ud83d"]


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_both_files_are_what_is_rendered(tmp_path: Path) -> None:
    markdown, html = write_digest(
        tmp_path / "new", "default", "run_1", MADE, title="Ferries, daily", at=AT
    )
    assert everything(tmp_path) == [
        "new/default/20261125T061500Z-ferries-daily-run_1.html",
        "new/default/20261125T061500Z-ferries-daily-run_1.md",
    ]
    assert markdown.read_text("utf-8") == markdown_of(MADE, title="Ferries, daily", at=AT)
    assert html.read_text("utf-8") == html_of(MADE, title="Ferries, daily", at=AT)
    assert stat.S_IMODE(html.stat().st_mode) == 0o644


def test_names_sort_by_time_whatever_the_zone(tmp_path: Path) -> None:
    east = timezone(timedelta(hours=9))
    times = [AT, (AT + timedelta(hours=1)).astimezone(east), AT + timedelta(hours=2)]
    names = [write_digest(tmp_path, "t", "run_1", MADE, title="x", at=at)[0].name for at in times]
    assert names == sorted(names)
    assert len(set(names)) == 3


def test_the_same_digest_has_the_same_files(tmp_path: Path) -> None:
    first = write_digest(tmp_path, "t", "run_1", MADE, title="x", at=AT)
    assert write_digest(tmp_path, "t", "run_1", MADE, title="x", at=AT) == first
    other = write_digest(tmp_path, "t", "run_2", MADE, title="x", at=AT)
    assert set(first).isdisjoint(other)
    assert len(everything(tmp_path)) == 4


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "a" / "digests"
    for tenant, title, digest_id in [(name, "x", "y"), ("t", name, "y"), ("t", "x", name)]:
        paths = write_digest(folder, tenant, digest_id, MADE, title=title, at=AT)
        for path in paths:
            assert path.resolve().parent.parent == folder.resolve()
            assert re.fullmatch(r"20261125T061500Z-[\w-]+\.(md|html)", path.name)
    assert all(one.startswith("a/digests/") for one in everything(tmp_path))


def test_tenants_whose_names_look_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    names = ["a b", "a-b", "a/b", "A-B", "a_b"]
    folders = {
        write_digest(tmp_path, one, "run_1", MADE, title="x", at=AT)[0].parent for one in names
    }
    assert len(folders) == len(names)


def test_a_link_in_the_folder_is_not_followed_out_of_it(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "digests", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "t").symlink_to(elsewhere)
    with pytest.raises(InvalidRequest, match="is a link to elsewhere"):
        write_digest(folder, "t", "run_1", MADE, title="x", at=AT)
    (folder / "t").unlink()
    victim = elsewhere / "victim"
    victim.write_text("mine")
    paths = write_digest(folder, "t", "run_1", MADE, title="x", at=AT)
    for path in paths:
        path.unlink()
        path.symlink_to(victim)
    write_digest(folder, "t", "run_1", MADE, title="x", at=AT)
    assert victim.read_text() == "mine"
    assert not any(path.is_symlink() for path in paths)


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "digests").symlink_to(tmp_path / "real")
    write_digest(tmp_path / "digests", "t", "run_1", MADE, title="x", at=AT)
    assert len(everything(tmp_path / "real")) == 2


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    text = "Ferries sail. " * 20_000
    sentence = replace(MADE.sentences[0], text=text, span=Span(0, len(text)))
    made = replace(MADE, text=text, sentences=(sentence,))
    markdown, html = write_digest(tmp_path, "t", "run_1", made, title="x", at=AT)
    whole = {path: path.read_bytes() for path in (markdown, html)}
    done = threading.Event()

    def write() -> None:
        for _ in range(10):
            write_digest(tmp_path, "t", "run_1", made, title="x", at=AT)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    looks = 0
    while not done.is_set():
        for path, expected in whole.items():
            assert path.read_bytes() == expected
        looks += 1
    writer.join()
    assert looks > 0
    assert sorted((tmp_path / "t").iterdir()) == sorted(whole)


def test_a_folder_that_can_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequest, match=r"file: .*Check PINCITE_DIGEST_DIR"):
        write_digest(tmp_path / "file", "t", "run_1", MADE, title="x", at=AT)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidRequest, match="No space left on device"):
        write_digest(tmp_path / "digests", "t", "run_1", MADE, title="x", at=AT)
    assert everything(tmp_path / "digests") == [], "nothing is left half written"
