"""What can go wrong below the model.

CorpusError
├── UnreadableDocument        the bytes can not become a document
│   ├── EmptyDocument
│   ├── NoText                pictures of text only
│   ├── UnknownType
│   ├── NotUtf8
│   ├── Encrypted             a password or a licence is needed
│   ├── Damaged               cut short, or not as its format wants it
│   ├── TooLarge
│   ├── TooManyPages
│   ├── ExpandsTooMuch        a zip bomb, or as good as one
│   ├── TooSlow
│   ├── TooMuchMemory
│   └── ParserCrashed
├── InvalidRequest            an argument that no document could satisfy
├── NotFound                  no such document, version or citation for this tenant
├── NameTaken                 another one of the tenant has that name
├── UnderWay                  it is being done already
├── DataFolderInUse           another process writes to the data folder
├── IndexIncomplete           vectors of a collection are still being made by a new model
├── DatabaseUnreachable       the SQL database can not be opened
├── IndexUnreachable          the Chroma server does not answer
├── IncompatibleData          the data was written by another version, or is another model's
└── DamagedModel              a shipped model file is not the one that was released
"""


class CorpusError(Exception):
    """Base of all errors of the corpus; the message says what was wrong and what to do."""


class UnreadableDocument(CorpusError):
    """The bytes can not become a document."""


class EmptyDocument(UnreadableDocument):
    """There is no text in it."""


class NoText(UnreadableDocument):
    """There are pictures in it, perhaps of text, and no text."""


class UnknownType(UnreadableDocument):
    """No parser reads this type."""


class NotUtf8(UnreadableDocument):
    """The text is in another encoding than UTF-8, or is not text."""


class Encrypted(UnreadableDocument):
    """It can not be opened without a password or a licence."""


class Damaged(UnreadableDocument):
    """It was cut short, or is not as its format wants it."""


class TooLarge(UnreadableDocument):
    """Over the size limit."""


class TooManyPages(UnreadableDocument):
    """Over the limit of pages."""


class ExpandsTooMuch(UnreadableDocument):
    """What is packed in it is over the limit, as in a zip bomb."""


class TooSlow(UnreadableDocument):
    """Reading it took longer than the limit."""


class TooMuchMemory(UnreadableDocument):
    """Reading it took more memory than the limit."""


class ParserCrashed(UnreadableDocument):
    """The process that read it died of it."""


class InvalidRequest(CorpusError):
    """An argument that no document could satisfy."""


class NotFound(CorpusError):
    """No such document, version or citation for this tenant."""


class NameTaken(CorpusError):
    """Another one of the tenant has that name."""


class UnderWay(CorpusError):
    """It is being done already, and not twice at the same time."""


class DataFolderInUse(CorpusError):
    """Another process writes to the data folder."""


class IndexIncomplete(CorpusError):
    """The vectors of a collection are still being made; it can be searched by words only."""


class DatabaseUnreachable(CorpusError):
    """The SQL database can not be opened."""


class IndexUnreachable(CorpusError):
    """The Chroma server does not answer."""


class IncompatibleData(CorpusError):
    """The data was written by another version, or another embedding model has it now."""


class DamagedModel(CorpusError):
    """A shipped model file is not the one that was released."""
