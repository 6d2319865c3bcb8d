"""`pincite eval report`: a run as one HTML file that needs nothing from elsewhere."""

import argparse
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import leather
import numpy as np

from evals.compare import Comparison, compare, shown_number
from evals.compare import remarks as remarks_on_both
from evals.errors import UnusableRun
from evals.folder import Record, read_run
from evals.metrics import reliability, selective_risks
from evals.scoring import METRICS
from evals.summary import remarks, summary

RIGHT = ("claim_recall", "claim_precision", "token_f1", "citation_recall", "supported")

_WORST = 10
_SHORT = 12  # rows of a table that stands on one page
_TAGGED = ("right_abstention", "claim_recall", "recall@10", "citation_recall", "supported")
_SIZE = {"width": 460, "height": 320}
_COLOUR = "#1f4e9c"
_PAGE = Path(__file__).parent / "report.html"


def write_report(given: argparse.Namespace) -> int:
    """Write the report of a run, with its differences from another if that is named."""
    made_with, records = read_run(given.run_folder)
    before = None if given.before is None else read_run(given.before)
    both = None if before is None else compare(before, (made_with, records))
    right = given.right or next((name for name in RIGHT if _has(records, name)), None)
    if right is not None and not _has(records, right):
        raise UnusableRun(f"{given.run_folder} has no score {right!r}. Name another with --right.")
    page = html_of(given.run_folder.name, made_with, records, right, both)
    given.out.write_text(page, encoding="utf-8")
    print(f"{given.out} has the report.")
    return 0


def html_of(
    name: str,
    made_with: dict[str, Any],
    records: Sequence[Record],
    right: str | None,
    both: Comparison | None = None,
) -> str:
    """The HTML of a run; the same for the same records.

    `right` is the metric by which an answer is right, None where the run has none that would do.
    """
    found = summary(records, made_with["seed"])
    parts = [_remarks(remarks(found)), _means(found["metrics"])]
    if right is not None:
        parts += [_curves(records, right), _worst(records, right)]
    if found["tags"]:
        parts.append(_tags(found["tags"]))
    if both is not None:
        parts.append(_differences(both))
    parts.append(_made_with(made_with))
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        name=escape(name), body="\n".join(parts)
    )


def _means(means: dict[str, Any]) -> str:
    rows = [
        (
            name,
            "none scored" if row["mean"] is None else f"{row['mean']:.3f}",
            _interval(row["low"], row["high"]),
            row["n"],
            row["unscored"],
            METRICS[name].says,
        )
        for name, row in means.items()
    ]
    head = ("metric", "mean", "95 % interval", "cases", "unscored", "what it says")
    return _section("Means", _table("Each mean with its interval", head, rows))


def _curves(records: Sequence[Record], right: str) -> str:
    """Risk against coverage, and share right against confidence, each with its numbers."""
    judged = [
        (one["confidence"], one["scores"][right])
        for one in records
        if one.get("confidence") is not None and right in one["scores"]
    ]
    if not judged:
        return ""
    confidence, scores = (np.array(one, float) for one in zip(*judged, strict=True))
    risks = selective_risks(confidence, scores)
    coverage = [(at / len(risks), float(risk)) for at, risk in enumerate(risks, 1)]
    shown = [coverage[int(np.ceil(part * len(risks))) - 1] for part in (0.25, 0.5, 0.75, 1.0)]
    bins = reliability(confidence, scores >= 1)
    known = (
        f"{len(judged)} answers with a confidence: the embedded reader's probability that its "
        "quote answers, or that of a model's weakest claim to be supported. Right "
        f"is what {right} says."
    )
    parts = [
        _remarks([known]),
        _chart("Risk and coverage", coverage, "share answered, the surest first", "share wrong"),
        _table(
            "Share wrong among the surest",
            ("answered", "wrong"),
            [(f"{part:.0%}", f"{risk:.3f}") for part, risk in shown],
        ),
        _chart(
            "Reliability",
            [(chance, share) for chance, share, _ in bins],
            "confidence",
            "wholly right",
            diagonal=True,
        ),
        _table(
            "Confidence, and the share that is wholly right",
            ("confidence", "wholly right", "answers"),
            [(f"{chance:.2f}", f"{share:.2f}", count) for chance, share, count in bins],
        ),
    ]
    return _section("Confidence", "\n".join(parts))


def _chart(
    title: str,
    points: Sequence[tuple[float, float]],
    across: str,
    up: str,
    *,
    diagonal: bool = False,
) -> str:
    chart = leather.Chart(title)
    chart.add_x_scale(0, 1)
    chart.add_y_scale(0, 1)
    chart.add_x_axis(name=across)
    chart.add_y_axis(name=up)
    if diagonal:
        ideal = {"stroke_color": "#777777", "stroke_dasharray": "4", "name": "as it should be"}
        chart.add_line([(0, 0), (1, 1)], **ideal)
    if diagonal or len(points) < 2:
        chart.add_dots(list(points), fill_color=_COLOUR, name="this run")
    else:
        chart.add_line(list(points), stroke_color=_COLOUR, name="this run")
    label = escape(f"{title}: {up} by {across}; the table behind has the numbers", quote=True)
    box = (
        f'<svg viewBox="0 0 {_SIZE["width"]} {_SIZE["height"]}" '  # so that it can be made smaller
    )
    drawn = str(chart.to_svg(**_SIZE)).replace("<svg ", box, 1)
    return f'<figure role="img" aria-label="{label}">{drawn}</figure>'


def _worst(records: Sequence[Record], right: str) -> str:
    """The cases of the lowest scores, with what is quoted, in its place; failed ones first."""
    failed = [one for one in records if one["status"] == "failed"]
    scored = [one for one in records if one["scores"].get(right, 1.0) < 1]
    scored.sort(key=lambda one: float(one["scores"][right]))
    shown = [*failed, *scored][:_WORST]
    if not shown:
        return _section("Worst cases", f"<p>No case has less than 1 of {right}, none failed.</p>")
    return _section("Worst cases", "\n".join(_case(one, right) for one in shown))


def _case(one: Record, right: str) -> str:
    title = escape(one["question"] or one["id"])
    if one["status"] == "failed":
        return f"<article><h3>{title}</h3><p>Failed: {escape(one['error'] or '')}</p></article>"
    answer = one["answer"] or {"text": "", "citations": []}
    said = escape(answer["text"] or " ".join(claim for claim, _ in one["claims"]) or "(nothing)")
    quotes = "".join(
        f"<li>[{cited['marker']}] {escape(cited['title'])}: <q>{escape(cited['before'])}"
        f"<mark>{_aloud('cited: ')}{escape(cited['quote'])}{_aloud(', so far')}</mark>"
        f"{escape(cited['after'])}</q></li>"
        for cited in answer["citations"]
    )
    scores = ", ".join(f"{name} {value:.2f}" for name, value in one["scores"].items())
    return (
        f"<article><h3>{title}</h3><p><strong>{right} {one['scores'][right]:.2f}</strong></p>"
        f"<p>{said}</p><ul>{quotes}</ul><p><small>{escape(one['id'])}: {scores}</small></p>"
        "</article>"
    )


def _aloud(text: str) -> str:
    """What a screen reader says in place of a colour, and nobody sees."""
    return f'<span class="aloud">{text}</span>'


def _tags(tags: dict[str, Any]) -> str:
    names = [name for name in _TAGGED if any(name in one["metrics"] for one in tags.values())]
    rows = [
        (tag, one["cases"], one["failed"], *(_cell(one["metrics"].get(name)) for name in names))
        for tag, one in tags.items()
    ]
    return _section("By tag", _table("Means by tag", ("tag", "cases", "failed", *names), rows))


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or row["mean"] is None:
        return "-"
    return f"{row['mean']:.3f} {_interval(row['low'], row['high'])}"


def _differences(both: Comparison) -> str:
    rows = [
        (
            one.metric,
            shown_number(one.before),
            shown_number(one.after),
            shown_number(one.mean, "+"),
            _interval(one.low, one.high, sign="+"),
            one.pairs,
            "-" if one.smallest is None else f"{one.smallest:.3f}",
        )
        for one in both.differences
    ]
    head = ("metric", "before", "now", "difference", "95 % interval", "pairs", "could show")
    return _section(
        "Differences", _remarks(remarks_on_both(both)) + _table("Pair by pair", head, rows)
    )


def _made_with(made_with: dict[str, Any]) -> str:
    rows = []
    for name, value in sorted(made_with.items()):
        inner = value.items() if isinstance(value, dict) else [("", value)]
        rows += [(f"{name}.{one}".rstrip("."), "-" if of is None else of) for one, of in inner]
    return _section("Made with", _table("What the run was made with", ("name", "value"), rows))


def _interval(low: float | None, high: float | None, sign: str = "") -> str:
    """Bounds that are kept on one line."""
    return "none" if low is None or high is None else f"[{low:{sign}.3f},\xa0{high:{sign}.3f}]"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>\n{content}\n</section>"


def _remarks(said: Sequence[str]) -> str:
    return "".join(f"<p>{escape(one)}</p>" for one in said)


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table that scrolls by itself where it is too wide, also by keys; short ones are not cut."""
    titles = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    lines = [
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(one))}</td>" for one in rest)
        + "</tr>"
        for first, *rest in rows
    ]
    body = "\n".join(lines)
    kind = "wide short" if len(lines) <= _SHORT else "wide"
    label = escape(caption, quote=True)
    return (
        f'<div class="{kind}" role="group" aria-label="{label}" tabindex="0">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead>"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _has(records: Sequence[Record], name: str) -> bool:
    return any(name in one["scores"] for one in records)
