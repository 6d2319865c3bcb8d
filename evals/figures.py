"""What a benchmark comes to: a figure with its interval, and those that others published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from rich.table import Table

from evals.benchmarks.published import Published
from evals.intervals import Mean

_BESIDE = 2  # figures that are shown beside ours in the table


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of `of`, a set, by a measure, over a number of rows; a share unless `measure` says.

    `published` are figures of the same set by the same measure.
    """

    of: str
    measure: str
    found: Mean
    rows: int
    published: tuple[Published, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As JSON, from which `of_json` makes an equal one."""
        return asdict(self)

    @classmethod
    def of_json(cls, read: Mapping[str, Any]) -> Self:
        """The figure that was written by `as_json`."""
        published = tuple(Published(**one) for one in read["published"])
        return cls(read["of"], read["measure"], Mean(**read["found"]), read["rows"], published)


def print_published(published: Iterable[Published]) -> None:
    """Print what others published of a set, one a line; nothing where there is nothing."""
    for one in published:
        print(f"  published: {one}")


def table(figures: Sequence[tuple[str, Figure]]) -> Table:
    """Figures, each with its benchmark, for the terminal, and the first ones that are published."""
    shown = Table(box=None, pad_edge=False)
    for name in ("benchmark", "of", "measure", "found [95 % interval]", "rows", "published"):
        shown.add_column(name, justify="right" if name == "rows" else "left")
    for benchmark, one in figures:
        shown.add_row(
            benchmark,
            one.of,
            one.measure,
            str(one.found),
            f"{one.rows:,}",
            "; ".join(other.short for other in one.published[:_BESIDE]) or "-",
        )
    return shown


def remarks(figures: Sequence[tuple[str, Figure]]) -> list[str]:
    """What must be known to read the table."""
    why = dict.fromkeys(other.but for _, one in figures for other in one.published if other.but)
    return [f"* not to be compared: {'; '.join(why)}"] if why else []
