"""A logistic regression for texts of which every sentence must hold, with weights of known sign."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.errors import EvalError

_ROUNDS = 4  # of choosing each text's weakest sentence
_STEPS = 300
_RIDGE = 1.0
_PER_CLASS = 500.0  # what each class of each set weighs together
FOLDS = 5

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts of one set: for each the features of its sentences, its label, and its group."""

    columns: Sequence[Array]
    supported: NDArray[np.bool_]
    groups: Sequence[str]

    def of(self, chosen: NDArray[np.bool_]) -> "Labelled":
        """Some of the texts."""
        at = np.flatnonzero(chosen).tolist()
        return Labelled(
            [self.columns[one] for one in at], self.supported[at], [self.groups[one] for one in at]
        )

    def only(self, features: Sequence[int]) -> "Labelled":
        """The texts with some of the features."""
        picked = [one[:, list(features)] for one in self.columns]
        return Labelled(picked, self.supported, self.groups)


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights of the features of a sentence, its bias, and what a text's length adds.

    A text is as good as its weakest sentence. The weakest of many is weak by chance, which `length`
    makes up for: it is added for each factor of e in the number of sentences.
    """

    weights: Array
    bias: float
    length: float

    def log_odds(self, texts: Labelled) -> Array:
        """Log-odds that each text is supported."""
        return np.array(
            [
                float((one @ self.weights).min()) + self.bias + self.length * np.log(len(one))
                for one in texts.columns
            ]
        )


def fit(sets: Sequence[Labelled], signs: Sequence[int]) -> Fit:
    """Fit on several sets, each of which weighs the same, and in it each class.

    `signs` has +1 for a feature that may only speak for support, and -1 for one against it.
    Accelerated projected gradient (Beck and Teboulle, 2009), alternating with the choice of each
    text's weakest sentence.
    """
    texts = [one for part in sets for one in part.columns]
    labels = np.concatenate([part.supported for part in sets]).astype(float)
    shares = np.concatenate([_shares(part.supported) for part in sets])
    every = np.vstack(texts)
    mean, scale = every.mean(axis=0), every.std(axis=0) + 1e-6
    scaled = [(one - mean) / scale for one in texts]
    sign = np.array([*signs, 1, 0], float)  # the features, length, bias
    found = 0.1 * sign
    for _ in range(_ROUNDS):
        weakest = np.array([one[np.argmin(one @ found[:-2])] for one in scaled])
        lengths = np.log([len(one) for one in texts])
        table = np.column_stack([weakest, lengths, np.ones(len(texts))])
        found = _minimize(table, labels, shares, sign, found)
    weights = found[:-2] / scale
    return Fit(weights, float(found[-1] - weights @ mean), float(found[-2]))


def _shares(supported: NDArray[np.bool_]) -> Array:
    counts = np.array([max((~supported).sum(), 1), max(supported.sum(), 1)], float)
    return np.asarray(_PER_CLASS / counts[supported.astype(int)])


def _minimize(table: Array, labels: Array, shares: Array, sign: Array, start: Array) -> Array:
    ridge = np.append(np.full(table.shape[1] - 1, _RIDGE), 0.0)
    rate = 1 / (0.25 * np.linalg.norm((table * shares[:, None]).T @ table, 2) + _RIDGE)
    found, ahead, momentum = start.copy(), start.copy(), 1.0
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(table @ ahead, -30, 30)))
        step = ahead - rate * (table.T @ (shares * (chances - labels)) + ridge * ahead)
        step = np.where(step * sign < 0, 0.0, step)
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = step + (momentum - 1) / faster * (step - found)
        found, momentum = step, faster
    return found


def cross_validated(sets: Mapping[str, Labelled], signs: Sequence[int]) -> dict[str, Array]:
    """Log-odds of the texts of each set, by fits on the other folds of all sets.

    A group is in one fold, so that no text is judged by what was fitted on its own evidence. Raises
    EvalError where all groups are in the same, so that there is nothing to fit on.
    """
    folds = {
        name: np.array([zlib.crc32(group.encode()) % FOLDS for group in part.groups])
        for name, part in sets.items()
    }
    found = {name: np.zeros(len(part.groups)) for name, part in sets.items()}
    for fold in range(FOLDS):
        train = [part.of(folds[name] != fold) for name, part in sets.items()]
        if not any(part.columns for part in train):
            number = sum(len(part.columns) for part in sets.values())
            raise EvalError(
                f"{number} texts, all in one fold, are too few to fit on some and judge others by "
                "that. Raise --limit."
            )
        fitted = fit([part for part in train if part.columns], signs)
        for name, part in sets.items():
            held = folds[name] == fold
            found[name][held] = fitted.log_odds(part.of(held))
    return found
