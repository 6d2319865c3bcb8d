"""Text from documents and models, made harmless: for a prompt, and for whoever reads an answer."""

import re
import unicodedata

_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn"}  # control, format (bidirectional too), private, unassigned
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # can spell out hidden bytes
_CONTROL_TOKEN = re.compile(r"<\|[^|<>]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>", re.IGNORECASE)
_LOOKS_LIKE_ID = re.compile(
    r"[\[【](\s*\d{1,3}(?:\.\d{1,4})?(?:\s*[,;]\s*\d{1,3}(?:\.\d{1,4})?)*\s*)[\]】]"
)


def visible(text: str) -> str:
    """Without the characters that nobody sees, but for line feeds and tabs."""
    if text.isascii() and text.isprintable():
        return text
    kept = (one for one in text if one in "\n\t" or unicodedata.category(one) not in _HIDDEN)
    return _SELECTORS.sub("", "".join(kept))


def for_prompt(text: str) -> str:
    """A sentence of a document as a model may read it: on one line, and as data.

    Nothing in it is hidden, looks like a control token of a chat template, or like the id of a
    sentence.
    """
    line = " ".join(visible(text).split())
    line = _CONTROL_TOKEN.sub(lambda token: re.sub(r"[<>\[\]|]", " ", token[0]).strip(), line)
    return _LOOKS_LIKE_ID.sub(r"(\1)", line)
