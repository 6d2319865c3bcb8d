"""The tree of errors is as its module draws it."""

import inspect

from corpus import errors


def test_every_error_is_drawn_and_says_what_it_is() -> None:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    assert classes
    for kind in classes:
        assert issubclass(kind, errors.CorpusError)
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind.__doc__
