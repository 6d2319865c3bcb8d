"""EPUB to text and blocks: the chapters in reading order, all of them.

An EPUB is a zip file of XHTML with a list of its parts; it is read with zipfile and lxml, because
no well-kept library under a permissive licence reads it.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from corpus.archive import read_entry, unpack
from corpus.errors import Damaged, Encrypted
from corpus.markup import read_markup
from corpus.types import Limits, ParsedText
from corpus.writing import one_line

_CONTAINER = "META-INF/container.xml"
_LOCKS = ("META-INF/rights.xml", "META-INF/sinf.xml", "META-INF/license.lcpl")
_PAGES = {"application/xhtml+xml", "text/html", "application/xml"}
_STATED = {"author": "creator", "date": "date", "publisher": "publisher", "language": "language"}


def read_epub(data: bytes, limits: Limits) -> ParsedText:
    """The text of a book, with its title, author and date where they are stated.

    Raises Encrypted for a book with copy protection, or Damaged.
    """
    with unpack(data, limits) as archive:
        if any(lock in archive.namelist() for lock in _LOCKS):
            raise Encrypted("The book has copy protection. Send one without it.")
        container = _xml(archive, _CONTAINER)
        path = next((found.get("full-path") for found in container.iter("{*}rootfile")), None)
        if path is None:
            raise Damaged(f"The book does not say where its parts are: {_CONTAINER} is not whole.")
        package = _xml(archive, path)
        stated = {}
        for name, element in {"title": "title", **_STATED}.items():
            texts = (one_line(found.text or "") for found in package.iter(f"{{*}}{element}"))
            if text := next(filter(None, texts), None):
                stated[name] = text
        parsed = read_markup(_chapters(archive, package, posixpath.dirname(path)))
    title = stated.pop("title", None)
    return ParsedText(parsed.text, parsed.blocks, title=title, metadata=stated)


def _chapters(archive: zipfile.ZipFile, package: etree._Element, folder: str) -> Iterator[bytes]:
    """The pages of the book in the order in which they are read."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES:
            continue
        if "nav" in (item.get("properties") or "").split():  # the table of contents
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
        yield read_entry(archive, name)


def _xml(archive: zipfile.ZipFile, name: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(read_entry(archive, name), parser)
    except etree.XMLSyntaxError as error:
        raise Damaged(f"The part {name!r} of the book is not XML: {error}.") from error
    if root is None:  # nothing could be recovered of it
        raise Damaged(f"The part {name!r} of the book is not XML. Save the book again.")
    return root
