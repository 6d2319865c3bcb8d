"""Values of options, as they are read; each raises ArgumentTypeError that says what is wrong."""

import argparse


def any_number(text: str) -> int:
    """0 or more."""
    read = int(text)
    if read < 0:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return read


def number(text: str) -> int:
    """1 or more."""
    read = int(text)
    if read < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return read
