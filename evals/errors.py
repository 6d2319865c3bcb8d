"""What goes wrong in the evals, and can be mended by who runs them.

EvalError
├── InvalidCases    a file of cases or labels has a line that can not be read
└── UnusableRun     a folder is no run, or not the one that is asked for
"""


class EvalError(Exception):
    """The root; the message says what to do."""


class InvalidCases(EvalError):
    """A file has a line that can not be read; the message names it."""


class UnusableRun(EvalError):
    """A folder is no run, or a run of something else."""
