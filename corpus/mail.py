"""EML to text and blocks: the body of a message; its subject is the title.

Attachments are named in the metadata, and not read.
"""

import email
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from corpus.errors import Damaged, EmptyDocument
from corpus.markup import read_markup
from corpus.plain import read_plain
from corpus.types import ParsedText
from corpus.writing import clean, one_line

_STATED = {"author": "From", "to": "To", "cc": "Cc"}


def read_mail(data: bytes) -> ParsedText:
    """The body of a message, its plain text before its HTML, with its headers as metadata.

    Raises Damaged for a body that is in no known encoding.
    """
    message = email.message_from_bytes(data, policy=policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        raise EmptyDocument("The message has no text, only attachments. Send these by themselves.")
    try:
        text = clean(body.get_content())
    except (LookupError, ValueError, MessageError) as error:
        raise Damaged(f"The text of the message can not be decoded: {error}.") from error
    # Not as a page of the web, of which the main content is looked for: a message is all content.
    is_page = body.get_content_type() == "text/html"
    parsed = read_markup([text]) if is_page else read_plain(text)
    return ParsedText(
        parsed.text,
        parsed.blocks,
        title=one_line(message.get("Subject", "")) or None,
        metadata=_metadata(message),
    )


def _metadata(message: EmailMessage) -> dict[str, object]:
    found: dict[str, object] = {
        name: one_line(str(message[header])) for name, header in _STATED.items() if message[header]
    }
    if date := message.get("Date"):
        try:
            found["date"] = parsedate_to_datetime(str(date)).isoformat()
        except ValueError:  # as it stands there
            found["date"] = one_line(str(date))
    names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    if names:
        found["attachments"] = [one_line(name) for name in names]
    return found
