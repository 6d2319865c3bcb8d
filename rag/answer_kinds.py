"""The kind of answer that a question asks for, and whether a text has one."""

import re

_TIME = re.compile(
    r"\b(1[89]\d\d|20\d\d|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer"
    r"|autumn|winter|noon|midnight|week|month|year|day|century|\d+ ?[ap]\.?m)",
    re.IGNORECASE,
)
_OFTEN = re.compile(
    r"\b(hourly|daily|weekly|monthly|quarterly|yearly|annual|annually|every|each|once|twice"
    r"|times|per|regularly)\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(because|after|due|since|so that|as a result|owing|caused?|amid|over|to avoid|prompt\w*"
    r"|following|reason|blam\w+|therefore|led)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-Z][a-zà-ÿ’'-]+ (?:[A-Z]\. )?[A-Z][a-zà-ÿ’'-]+")  # a full name
_QUANTITY_SAID = re.compile(
    r"(?<!\S)[^\w\s]?(?!(?:19|20)\d\ds?\b)\d[\d.,]*"  # years are none
    r"|\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six|seven|eigh"
    r"|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|dozens?|hundreds?|thousands?|half)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:in|at|near|on|from|of|located) (?:the )?[A-Z]")
_DEFINITION = re.compile(r"\b(?:is|are|was|were) (?:a|an|the|one|located)\b")
_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)
_WHAT = re.compile(r"\b(?:what|which)\b", re.IGNORECASE)
_QUANTITY = r"many|much|old|long|far|full|deep|high|large|big|tall|wide|fast|strong|percentage"
_EXPECTED: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"\bhow (often|frequently)\b", re.IGNORECASE), _OFTEN),
    (
        re.compile(rf"\bhow ({_QUANTITY})\b|\bwhat (percentage|share|number)\b", re.IGNORECASE),
        _QUANTITY_SAID,
    ),
    (
        re.compile(r"\bwhat\b.*\b(worth|cost|price|charge|fee|pay|budget|rate)\b", re.IGNORECASE),
        _QUANTITY_SAID,
    ),
    (re.compile(r"\bwhen\b|\b(what|which) (year|date|day|month|time)\b", re.IGNORECASE), _TIME),
    (re.compile(r"\bwho(m|se)?\b|\bwhat is the name\b|\bname of\b", re.IGNORECASE), _NAME),
    (re.compile(r"\bwhy\b|\bwhat caused\b", re.IGNORECASE), _CAUSE),
)

# These ask for one thing, which one sentence says; why something is so may take several.
_ONE_THING = tuple(asked for asked, expected in _EXPECTED if expected is not _CAUSE)


def asks_for_one_thing(question: str) -> bool:
    """Whether one figure, time or name would answer."""
    return any(asked.search(question) for asked in _ONE_THING)


def kind_given(question: str, text: str) -> int:
    """1 when the answer's kind (a number, a name ...) is there beyond the question's own, else -1.

    0 when the question does not say what kind it asks for.
    """
    for asked, expected in _EXPECTED:
        if asked.search(question):
            known = question.lower()
            found = (match.group().lower() for match in expected.finditer(text))
            return 1 if any(item not in known for item in found) else -1
    return 0


def place_given(question: str, text: str) -> int:
    """1 when the question asks where, and the text says in, at or near some name; else 0."""
    return int(bool(_WHERE.search(question) and _PLACE.search(text)))


def definition_given(question: str, text: str) -> int:
    """1 when the question asks what or which, and the text says that something is one; else 0."""
    return int(bool(_WHAT.search(question) and _DEFINITION.search(text)))
