"""PPTX to text and blocks: a slide is a page, its title a heading."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from corpus.archive import unpack
from corpus.errors import TooManyPages
from corpus.types import Limits, ParsedText
from corpus.writing import Writer

_TITLES = {PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE}
# What stands on every slide, and would be found as often.
_EVERYWHERE = {PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER}
_LISTS = {PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY}


def read_pptx(data: bytes, limits: Limits) -> ParsedText:
    """Text of a presentation, with the notes below each slide; raises TooManyPages."""
    unpack(data, limits).close()
    presentation = pptx.Presentation(io.BytesIO(data))
    if len(presentation.slides) > limits.max_pages:
        raise TooManyPages(
            f"It has {len(presentation.slides):,} slides; the limit is {limits.max_pages:,}. "
            "Split it, or raise PINCITE_MAX_PAGES."
        )
    writer = Writer()
    titles = []
    for slide in presentation.slides:
        writer.start_page()
        if title := _title(slide):
            writer.heading(1, title)
            titles.append(title)
        for shape in _in_reading_order(slide.shapes):
            _write(shape, writer)
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
            writer.paragraph(notes.text)
    stated = presentation.core_properties
    metadata = {"author": stated.author} if stated.author else {}
    return writer.parsed(next(iter(titles), stated.title), metadata)


def _title(slide: Slide) -> str:
    return slide.shapes.title.text if slide.shapes.title is not None else ""


def _in_reading_order(shapes: Iterable[Any]) -> Iterator[Any]:
    """Shapes from the top down and from the left, those of a group together."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _write(shape: Any, writer: Writer) -> None:  # noqa: ANN401 -- python-pptx has a dozen classes
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    if kind in _TITLES or kind in _EVERYWHERE:
        return
    if shape.has_table:
        writer.table(_rows(shape.table))
    elif shape.has_chart:
        _write_chart(shape.chart, writer)
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            writer.paragraph(paragraph.text, "- " if kind in _LISTS else "")


def _rows(table: Any) -> list[list[str]]:  # noqa: ANN401 -- a table of python-pptx
    """The cells of each row; a name over several columns is that of each, over all a caption."""
    rows: list[list[str]] = []
    has_header = False
    for row in table.rows:
        cells: list[str] = []
        is_header = not has_header and sum(not cell.is_spanned for cell in row.cells) > 1
        for cell in row.cells:
            spanned = cells[-1] if is_header and cells else ""
            cells.append(spanned if cell.is_spanned else cell.text)
        has_header = has_header or is_header
        rows.append(cells)
    return rows


def _write_chart(chart: Any, writer: Writer) -> None:  # noqa: ANN401 -- of a class without types
    """The figures of a chart as a table: a row for each category, a column for each series."""
    if chart.has_title and chart.chart_title.has_text_frame:
        writer.paragraph(chart.chart_title.text_frame.text)
    try:
        plots = list(chart.plots)
    except ValueError:  # a kind of chart that python-pptx does not know, of which nothing is left
        return
    for plot in plots:
        categories = [str(category) for category in plot.categories]
        series = list(plot.series)
        values = [list(one.values) for one in series]
        rows = [
            [category, *(_figure(one, at) for one in values)]
            for at, category in enumerate(categories)
        ]
        if rows:
            writer.table([["", *(one.name for one in series)], *rows])


def _figure(values: list[float | None], at: int) -> str:
    value = values[at] if at < len(values) else None
    return "" if value is None else f"{value:.15g}"
