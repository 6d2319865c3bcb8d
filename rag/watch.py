"""Text that is on its way out, watched for a word that must not leave."""

_TELLING = 4  # letters of the word that are enough to keep a text back until it is told apart


class LeakedPrompt(Exception):
    """The text has the word; what was kept back is not shown."""


class Watch:
    """Keeps back what may become a word, however it is cut up or spaced out."""

    def __init__(self, word: str) -> None:
        """Watch for a word of lower-case letters and digits."""
        self._word = word
        self._passed = ""  # the last letters and digits that were let through
        self._held = ""

    def let_through(self, text: str) -> str:
        """What may be shown of all that has come; raises LeakedPrompt when the word is in it."""
        self._held += text
        letters = self._passed + _letters(self._held)
        if self._word in letters:
            raise LeakedPrompt
        if any(letters.endswith(self._word[:size]) for size in range(_TELLING, len(self._word))):
            return ""
        return self.release()

    def release(self) -> str:
        """What is kept back, since the sentence ends here."""
        shown, self._held = self._held, ""
        self._passed = (self._passed + _letters(shown))[-len(self._word) :]
        return shown


def _letters(text: str) -> str:
    return "".join(one for one in text.lower() if one.isalnum())
