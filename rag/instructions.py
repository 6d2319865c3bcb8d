"""Sentences of documents that speak to a model and not to a reader.

They are not offered to a model. It is one defence of several: what is put in other words, or in
another alphabet, still comes as data, and what a model makes of it is still checked.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator

from rag.sanitize import visible

# The known families of indirect prompt injection, as collections of them word it (Greshake et al.
# 2023, "Not what you've signed up for", and the attacks of BIPIA and AgentDojo).
_ADDRESSED = re.compile(
    r"\b(ignore|disregard|forget|override|bypass|discard)\b.{0,40}\b(previous|prior|above|earlier"
    r"|preceding|all|any|your|the|these|system|original)\b.{0,40}\b(instructions?|prompts?|rules?"
    r"|directives?|guidelines?|context|orders)\b"
    r"|\b(new|updated|real|actual|revised) (system )?(instructions?|rules?|task|directives?)\b\s*:"
    r"|\byou are (now|no longer)\b.{0,60}\b(assistant|ai|model|bot|mode|dan|restricted|bound)\b"
    r"|\b(system|developer) (prompt|message|override|instruction)s?\b"
    r"|^\W*(system|developer)\W{0,3}:"
    r"|\b(reveal|print|repeat|output|show|leak|disclose|tell)\b.{0,40}\b(your|the) .{0,30}"
    r"\b(instructions?|prompt|rules|internal code|secret|system message|canary)\b"
    r"|\b(attention|note|message|instructions?|notice) (to|for) (the |any |all )?"
    r"(ai|llms?|assistants?|language models?|chatbots?|models?)\b"
    r"|\bif you are (an? )?(ai|llm|language model|assistant|chatbot)\b"
    r"|\bas an? (ai|language model)( assistant)?,? you (must|should|will|have to)\b"
    r"|\b(respond|reply|answer)( to (this|any|every|the) [^.]{0,40})? (only|with|by saying|using)\b"
    r"|\b(when|if) (asked|answering|summari[sz]ing|you (answer|read|see|process|summari[sz]e))\b"
    r".{0,80}\b(say|answer|reply|respond|write|include|state|output|mention|claim|append|insert)\b"
    r"|\b(include|append|insert|embed|add|end)\b.{0,60}\b(in|to|with) (your|every|each|the) "
    r"(answer|response|reply|output|summary)\b"
    r"|\byour (answer|response|reply|output|task) (must|should|is to|will|says?|has to|needs)\b"
    r"|\b(do not|don't|never) (answer|cite|mention|tell|reveal)\b.{0,60}\b(user|question|source|"
    r"passages?|documents?)\b"
    r"|\b(jailbreak|dan mode|developer mode|do anything now)\b"
    r"|<\|[^|<>]{1,40}\|>|\[/?INST\]|<</?SYS>>|\"(tool_calls?|function_call)\"",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_FOREIGN = re.compile(
    r"\bignore[zr]? (toutes )?les instructions\b|\boublie[zr]? (toutes )?les instructions\b"
    r"|\bignorier\w* (alle |die |sie )*(vorherigen |bisherigen |obigen )?anweisungen\b"
    r"|\bignora (todas )?las instrucciones\b|\bignora (tutte )?le istruzioni\b"
    r"|\bignore as instruções\b|\bигнорируй\w* (все )?(предыдущие )?инструкции\b"  # noqa: RUF001
    r"|忽略.{0,8}(指令|指示|说明)|無視.{0,8}(指示|命令)|(指示|命令).{0,6}無視",
    re.IGNORECASE,
)
_LOOKS_DISGUISED = re.compile(r"[^\W\d_][0134@$][^\W\d_]|[\u0400-\u052f]")
_SET_APART = re.compile(r"(?:\b\w[ ._-]+){6}")
_ROTATED = re.compile(r"\b(vtaber|qvfertneq|sbetrg|bireevqr|vafgehpgvba|cebzcg)", re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_LOOKALIKE = str.maketrans("аеорсухіѕԁӏ0134@$", "aeopcyxisdloieaas")  # noqa: RUF001 - lookalikes


def speaks_to_a_model(text: str) -> bool:
    """Whether something in a text is of a known family of instructions to a model.

    The text may have several sentences, one to a line, and speak in two of them. Seen through are
    invisible characters, lookalike letters, letters set apart, ROT13 and Base64.
    """
    plain = unicodedata.normalize("NFKC", visible(text))
    return any(_ADDRESSED.search(one) or _FOREIGN.search(one) for one in _readings(plain))


def _readings(plain: str) -> Iterator[str]:
    """A text as it stands, and as it may be meant where it looks disguised."""
    yield plain
    if _LOOKS_DISGUISED.search(plain):
        yield plain.translate(_LOOKALIKE)
    if _SET_APART.search(plain):
        yield re.sub(r"(?<=\b\w)[ ._-](?=\w\b)", "", plain)
    if _ROTATED.search(plain):
        yield codecs.encode(plain, "rot13")
    yield from map(_decoded, _ENCODED.findall(plain))


def _decoded(word: str) -> str:
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
