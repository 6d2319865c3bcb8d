"""Full text of chunks in SQLite (FTS5) and Postgres (tsvector): where the two are told apart.

Both know the same words: runs of letters and digits, lower-cased, without accents, by their Porter
stems. FTS5 finds them itself; for Postgres they are found here, since its own parser keeps
addresses and decimal numbers whole, and needs an extension to remove accents.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import snowballstemmer
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, REAL, TSQUERY, TSVECTOR

# SQLite has no `words`: its table is the index.
texts = table(
    "chunks_text",
    column("rowid", Integer),
    column("heading"),
    column("body"),
    column("around"),
    column("words", TSVECTOR),
)

_WHOLE = literal_column("chunks_text", String)
_RANKED_AT_ONCE = 3000  # rows; BM25 takes a millisecond for a thousand or two
_MOST_COUNTED = 64  # words of a query of which it is known how many rows have them
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 500  # characters of a word; Postgres takes 2,046 bytes
_LAST = 16383  # Postgres counts no further position


def put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Index chunks by their `rowid`, `heading`, `body`, and what is `around` them."""
    if connection.dialect.name == "sqlite":
        connection.execute(insert(texts), rows)
        return
    connection.execute(
        insert(texts),
        [{**row, "words": _vector(row["heading"], row["body"], row["around"])} for row in rows],
    )


def remove(connection: Connection, which: ColumnElement[bool]) -> None:
    """Take chunks out of the index."""
    connection.execute(delete(texts).where(which))


def match(
    connection: Connection,
    words: Sequence[str],
    weights: tuple[float, float, float],
    rare: Sequence[str],
) -> tuple[ColumnElement[bool], ColumnElement[float]] | None:
    """What holds for rows that have any of the words, and a number that is less for better ones.

    In SQLite a row must have one of the `rare` words, which weigh twice when they are not all of
    them. `weights` are of words in the heading, in the body and around it.

    Better is by BM25 in SQLite. Postgres has no such measure, so there it is the sum of each word's
    `ts_rank`, weighted by how rare the word is, as in BM25. None for words without letter or digit.
    """
    if connection.dialect.name == "sqlite":
        query = _either(words)
        if len(rare) < len(words):
            query = f"({_either(rare)}) AND ({query})"
        return _matches(query), func.bm25(_WHOLE, *weights)
    # A word that falls into several, as "61.5" does, is found where they follow each other.
    written = {" <-> ".join(map(_quoted, words_of(word))) for word in words}
    queries = {phrase: cast(phrase, TSQUERY) for phrase in sorted(written) if phrase}
    if not queries:
        return None
    heading, body, around = (weight / max(weights) for weight in weights)
    labels = cast([0.0, around, heading, body], ARRAY(REAL))  # of D, C, B and A
    held_by = [
        select(func.count()).select_from(texts).where(_has(phrase)).scalar_subquery()
        for phrase in queries.values()
    ]
    # The highest number is near enough to how many chunks there are, and at hand.
    known, *counts = connection.execute(select(func.max(texts.c.rowid), *held_by)).one()
    rank: ColumnElement[float] = literal_column("0.0")
    for phrase, held in zip(queries.values(), counts, strict=True):
        rarity = math.log(1 + (max((known or 0) - held, 0) + 0.5) / (held + 0.5))
        rank -= rarity * func.ts_rank(labels, texts.c.words, phrase, 1)
    return _has(cast(" | ".join(queries), TSQUERY)), rank


def rarest(connection: Connection, words: Sequence[str]) -> list[str]:
    """The rarest of the words, as many as have few enough rows together to be ranked at once.

    All of them where the database finds the best rows without ranking each.
    """
    if connection.dialect.name != "sqlite" or len(words) > _MOST_COUNTED:
        return list(words)
    count = select(func.count()).select_from(texts)
    rows = {word: connection.scalar(count.where(_matches(_either([word])))) or 0 for word in words}
    kept: list[str] = []
    total = 0
    for word in sorted(words, key=lambda word: rows[word]):
        total += rows[word]
        if kept and total > _RANKED_AT_ONCE:
            break
        kept.append(word)
    return kept


def words_of(text: str) -> list[str]:
    """The words of a text as Postgres' index has them, in order."""
    bare = "".join(
        character
        for character in unicodedata.normalize("NFD", text.lower())
        if unicodedata.category(character) != "Mn"
    )
    stemmer = snowballstemmer.stemmer("porter")  # it holds the word at hand: one for each call
    # Shorter ones are left alone by FTS5 too; the stem of "s" would be nothing.
    return [
        stemmer.stemWord(word) if len(word) > 2 else word
        for word in (found[:_LONGEST] for found in _WORD.findall(bare))
    ]


def _matches(query: str) -> ColumnElement[bool]:
    return _WHOLE.op("MATCH", is_comparison=True)(query)


def _either(words: Sequence[str]) -> str:
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def _has(query: ColumnElement[Any]) -> ColumnElement[bool]:
    return texts.c.words.op("@@", is_comparison=True)(query)


def _vector(heading: str, body: str, around: str) -> str:
    """A tsvector as Postgres reads it: each word once, with its positions and where they are."""
    labelled = [
        (word, label)
        for text, label in ((body, "A"), (heading, "B"), (around, "C"))
        for word in words_of(text)
    ]
    places: dict[str, list[str]] = {}
    for at, (word, label) in enumerate(labelled, start=1):
        places.setdefault(word, []).append(f"{min(at, _LAST)}{label}")
    return " ".join(f"{_quoted(word)}:{','.join(found)}" for word, found in places.items())


def _quoted(word: str) -> str:
    return f"'{word}'"
