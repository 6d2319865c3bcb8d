"""Traces that tools and editors leave in web text: chatbot offers and corrections."""

import re

# The offer with which a chatbot ends its text, pasted along by an author in a hurry.
_OFFER = re.compile(
    r"(if you(['’]d| would) like|would you like me to|let me know if you(['’]d| would) like"
    r"|i can also|i hope this helps|do you want me to)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(i|me)\b", re.IGNORECASE)
_LONGEST_OFFER = 400  # characters; a longer paragraph has something else to say

_CORRECTION = re.compile(
    r"[\W_]*(corrections?|clarification|corrected|editor['’]s note|erratum)(?![^\W_])"
    r"[\s*_]*+(\([^)\n]{0,100}\))?[\s*_]*+[:.,–—-]",
    re.IGNORECASE,
)


def is_residue(paragraph: str) -> bool:
    """Whether a paragraph is a chatbot's offer to do more, such as "If you'd like, I can also"."""
    return (
        len(paragraph) <= _LONGEST_OFFER
        and _OFFER.match(paragraph.strip()) is not None
        and _FIRST_PERSON.search(paragraph) is not None
    )


def is_correction(paragraph: str) -> bool:
    """Whether a paragraph corrects the document that it stands in."""
    return _CORRECTION.match(paragraph) is not None
