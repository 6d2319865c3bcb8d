"""Figures that others published of public sets, to stand beside ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A system's figure, by the measure that ours is by, and where it is published.

    `but` says why it can not be compared with ours; "" where it can.
    """

    system: str
    figure: float
    source: str
    but: str = ""

    def __str__(self) -> str:
        """As "GPT-4 .821, the mean of all ten domains (SummEdits, 2023)"."""
        but = f", {self.but}" if self.but else ""
        return f"{self.short.removesuffix('*')}{but} ({self.source})"

    @property
    def short(self) -> str:
        """As "GPT-4 .821*", where the star says that it can not be compared."""
        star = "*" if self.but else ""
        return f"{self.system} {f'{self.figure:.3f}'.removeprefix('0')}{star}"


# Figures without a paper are of systems that were measured on this data when it was collected.
MEASURED = "measured with the data"
