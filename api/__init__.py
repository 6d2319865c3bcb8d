"""Pincite over HTTP and on the command line."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed package, or "0+source" in a checkout that is not installed."""
    try:
        return version("pincite")
    except PackageNotFoundError:
        return "0+source"
