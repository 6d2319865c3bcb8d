"""Whether a sentence can stand by itself in a summary, away from the sentences around it.

What is no statement is left out where anything else can be said. What leans on the sentences before
it (Paice, Constructing literature abstracts by computer, 1990) is told by how it begins: with a
connective, or with a pronoun or a number of something that is not named. The rules are for English;
where a text is in another language they hardly ever match, and little is left out.
"""

import re

_FEWEST, _MOST = 6, 60  # words; fewer make no sentence, more are not central but long
_LEAST_LOWER = 3  # words that begin with no capital
_ENDS = re.compile(r"[.!…\u3002\uff01\u0964\u06d4][\s\"'”’»)\]*_]*$")
_EMPHASIS = re.compile(r"[*_]+[^*_]*|[^*_]*[*_]+")  # that is not ended, or not begun
_MARK = '“”"'
_MARKS = re.compile(f"[{_MARK}]")

_FRAGMENT = re.compile(
    r"""\W*(
        # "Third reason: ...", but not "It adds: '...'"
        ([\w.’']+[ ]){0,2}(?!said|says|added|wrote|told)\w+[ ]?:[*_]*\s(?!["'`“‘«„])
        | [^()]*\)[*_]*$                                    # nothing but what is in brackets
        | \d{1,2}[.)][ ]                                    # an item of a list
        | \d{1,2}[.:]\d\d([ ]?[ap]\.?m\.?)?[*_]*[ ][–—-]    # of a live ticker
        | (note|remember)[ ]that\b | here([’']s|[ ](is|are))\b
        | (see|read|watch|hear|find|learn|listen)[ ](\w+[ ])?(more|out|also|to|our|how|here|below)\b
        | (click|tap|scroll|swipe|subscribe|download|register|sign[ ](up|in)|log[ ]?in|stay[ ]tuned
          |check[ ](out|back)|join[ ](us|our)|visit[ ](our|www|http)|call[ ](us|\d)
          |get[ ](the|our|your|more)|go[ ]to|follow[ ](us|@|along))\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)

_PRONOUN = "(he|she|it|they|him|them|his|her|hers|its|their|theirs|this|that|these|those)"
_LEANING = re.compile(
    rf"""\W*(?!this[ ](year|month|week|season|spring|summer|fall|autumn|winter)\b)(
        (and|but|or|nor|so|yet|which|who|plus|also|too|then(?!-)|there|thus|hence|therefore|however
         |instead|meanwhile|still|besides|moreover|furthermore|nevertheless|nonetheless|otherwise
         |similarly|likewise|indeed|admittedly|again|finally|later|earlier|afterwards?|now|such|same
         |even|here|{_PRONOUN}([’']\w+)?|(i|we|you|my|our|me|us)([’']\w+)?)\b
        | ((first|second|third|fourth|fifth|last)(ly)?|yes|no|well|sure),
        | (in|on|for|by|at|as|to|of|after|before|since|until|despite|like|with|from|under|about)[ ]
          (addition|fact|turn|response|contrast|short|other[ ]words|example|instance|comparison
          |return|particular|the[ ](same|other|meantime|end|contrary|latter|former)
          |a[ ](result|consequence)|{_PRONOUN})\b
        | (\w+[ ]){{0,2}}(minutes|hours|days|weeks|months|years)[ ](later|earlier|before|after)\b
        | (the[ ])?(same|latter|former)\b
        | (the[ ])?(others?|another|rest|both|many|most|some|several|few|all|none|each|one|two|three
          |four|five|neither|either)[ ]
          (of[ ]{_PRONOUN}|are|is|were|was|have|has|had|do|does|did|don[’']t|didn[’']t|say|says|said
          |will|would|can|could|may|might|also|even|make|made|come|came|want|wanted)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Somebody who is not named, after a quotation.
_SAID_BY = re.compile(r"[,.!?…] ?[”\"] ?(he|she|they|it) ")
# A pronoun as the subject after an opening that names nobody: "Instead, he waited".
_LATE = re.compile(r"\W*\w[^,.;:A-Z]{0,40},?[ ](he|she|they|we|I)([’']\w+)?\b")


def is_statement(text: str) -> bool:
    """Whether a sentence says something, by its form.

    It is no question, label, line of names, item of a list or call to the reader, is not all in
    brackets, has an end, and is neither very short nor very long.
    """
    words = text.split()
    if not _FEWEST <= len(words) <= _MOST or _ENDS.search(text) is None:
        return False
    if sum(word[0].isalpha() and not word[0].isupper() for word in words) < _LEAST_LOWER:
        return False
    return _FRAGMENT.match(text) is None and _EMPHASIS.fullmatch(text) is None


def leans(text: str) -> bool:
    """Whether a sentence needs the one before it to be understood.

    It does by how it begins; and where a quotation begins or ends elsewhere, or is all that there
    is, so that nobody says it.
    """
    marks = _MARKS.findall(text)
    if len(marks) % 2 or _SAID_BY.search(text) is not None:
        return True
    if text[0] in _MARK:
        return len(marks) == 2 and text[-1] in _MARK
    return _LEANING.match(text) is not None or _LATE.match(text) is not None
