"""Merging several models into one: vectors are joined, missing ones filled in, and the dimensions reduced.

Concatenation with weights and a projection is what Yin and Schütze 2016 call CONC and SVD; a word that a model does not
have gets the vector that the other models let expect (ridge regression, their 1TON+ made linear). Taking away the
mean and the largest directions first is Mu and Viswanath 2018, "All-but-the-Top".
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.models import (
    DESCRIPTIONS_FILE,
    DISPLAY_FILE,
    Card,
    Manifest,
    Model,
    ModelWriter,
    fold,
    write_texts,
)
from embeddings.progress import Progress, no_progress
from embeddings.search import Matrix

_BLOCK_ROWS = 50_000
_FEW_WORDS = 100
"""Fewer common words than this say nothing about how two models hang together."""


@dataclass(frozen=True, slots=True)
class MergeParameters:
    """How models are merged."""

    dimension: int = field(default=256, metadata={"help": "Of the merged vectors."})
    """The sum of the models' dimensions if that is less."""
    weights: tuple[float, ...] = ()
    """The weight of each model; by default 1 each."""
    remove: int = field(default=0, metadata={"help": "Take each model's mean and N largest directions away."})
    """0 leaves the mean, too."""
    power: float = field(default=1.0, metadata={"help": "Less than 1 evens directions out."})
    """What the singular values are raised to: 1 keeps cosines."""
    fit_words: int = 100_000
    """So many of the most frequent words decide about directions and regressions."""
    ridge: float = 10.0

    def checked(self, models: Sequence[Model]) -> "MergeParameters":
        """These, if they can be applied to ``models``. Raises `ModelError` saying what to change."""
        if len(models) < 2:
            raise ModelError("To merge takes two models or more. Name at least two.")
        if self.weights and len(self.weights) != len(models):
            raise ModelError(f"There are {len(models)} models and {len(self.weights)} weights. Give one for each.")
        if any(not 0 < weight < 1e6 for weight in self.weights):
            raise ModelError("A weight is a number above 0 and below 1,000,000.")
        if not 1 <= self.dimension <= 4096:
            raise ModelError(f"{self.dimension} dimensions are too many or too few. Choose 1 to 4096.")
        if not 0 <= self.remove < min(model.dimension for model in models):
            raise ModelError(f"{self.remove} directions cannot be removed from these models. Choose fewer.")
        if self.fit_words < _FEW_WORDS or self.ridge <= 0 or not 0 <= self.power <= 1:
            raise ModelError("The words to fit are at least 100, the ridge is above 0, the power between 0 and 1.")
        return self


def merged_vectors(
    models: Sequence[Model], words: Sequence[str], parameters: MergeParameters, progress: Progress = no_progress
) -> Matrix:
    """Unit vectors float32 [words, dimension] for ``words``, most frequent first, each of which some model has.

    Raises `ModelError` where two models have too few words in common to be brought together.
    """
    parameters.checked(models)
    parts, known = [], []
    for place, model in enumerate(models):
        progress("reading models", place, len(models))
        vectors, there = _part(model, words)
        parts.append(vectors)
        known.append(there)
    weights = parameters.weights or (1.0,) * len(models)
    _fill(parts, known, parameters, [model.name for model in models], progress)
    if parameters.remove:
        for part in parts:
            _remove_largest(part, parameters)
    for part, weight in zip(parts, weights, strict=True):
        part *= np.float32(np.sqrt(weight / sum(weights)))
    progress("turning", 0, 1)
    together = np.hstack(parts)
    parts.clear()
    return _projected(together, parameters)


def merged_words(models: Sequence[Model], *, all_words: bool) -> list[str]:
    """The words of the first model; with ``all_words`` those of the others behind them, in the order of their ranks."""
    words = list(models[0].vocabulary)
    if all_words:
        seen = set(words)
        others = [list(model.vocabulary) for model in models[1:]]
        for rank in range(max(map(len, others))):
            for vocabulary in others:
                if rank < len(vocabulary) and vocabulary[rank] not in seen:
                    seen.add(vocabulary[rank])
                    words.append(vocabulary[rank])
    return words


def _part(model: Model, words: Sequence[str]) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """A model's unit vectors of ``words`` [words, dimension], zeros where it has none, and which it has."""
    rows = np.fromiter((_row(model, word) for word in words), np.int64, len(words))
    there = rows >= 0
    vectors = np.zeros((len(words), model.dimension), np.float32)
    vectors[there] = model.vectors[rows[there]]
    _to_unit(vectors)
    return vectors, there


def _row(model: Model, word: str) -> int:
    row = model.vocabulary.row(word)
    if row is None:
        row = model.vocabulary.row_of_variant(fold(word))
    return -1 if row is None else row


def _fill(
    parts: list[Matrix],
    known: list[npt.NDArray[np.bool_]],
    parameters: MergeParameters,
    names: Sequence[str],
    progress: Progress,
) -> None:
    """Estimate the vectors of words that a model lacks from the models that have them."""
    holders = np.stack(known)
    originals = [part.copy() for part in parts]
    for place, part in enumerate(parts):
        progress("filling in", place, len(parts))
        lacking = np.flatnonzero(~known[place])
        patterns, which = np.unique(holders[:, lacking], axis=1, return_inverse=True)
        for number, pattern in enumerate(patterns.T):
            others = np.flatnonzero(pattern)
            rows = lacking[which.reshape(-1) == number]
            fit = np.flatnonzero(holders[others].all(axis=0) & known[place])[: parameters.fit_words]
            if len(fit) < _FEW_WORDS:
                together = " and ".join(names[other] for other in (*others, place))
                raise ModelError(
                    f"{together} have {len(fit)} words in common; {_FEW_WORDS} are needed to fill in what one lacks. "
                    "Merge models of the same language and spelling, or take the words of the first alone."
                )
            given = np.hstack([originals[other][fit] for other in others])
            normal = given.T @ given + np.float32(parameters.ridge) * np.eye(given.shape[1], dtype=np.float32)
            solution = np.linalg.solve(normal, given.T @ originals[place][fit])
            filled = np.hstack([originals[other][rows] for other in others]) @ solution
            _to_unit(filled)
            part[rows] = filled


def _remove_largest(vectors: Matrix, parameters: MergeParameters) -> None:
    """Take the mean of the words to fit and their largest directions away from unit ``vectors``, which stay such."""
    fit = vectors[: parameters.fit_words]
    mean = fit.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(fit, rowvar=False))
    largest = directions[:, ::-1][:, : parameters.remove].astype(np.float32)
    vectors -= mean
    vectors -= vectors @ largest @ largest.T
    _to_unit(vectors)


def _projected(vectors: Matrix, parameters: MergeParameters) -> Matrix:
    fit = vectors[: parameters.fit_words]
    values, directions = np.linalg.eigh(fit.T @ fit / np.float32(len(fit)))
    values, directions = values[::-1], directions[:, ::-1]
    kept = min(parameters.dimension, vectors.shape[1])
    scales = np.sqrt(np.maximum(values[:kept], 1e-12)) ** (parameters.power - 1)
    turned: Matrix = vectors @ (directions[:, :kept] * scales).astype(np.float32)
    _to_unit(turned)
    return turned


def _to_unit(vectors: Matrix) -> None:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)


def merge_models(
    models: Sequence[Model],
    path: Path,
    parameters: MergeParameters,
    *,
    all_words: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Manifest:
    """Write the merged model of ``models`` as the folder ``path``: the words, counts and spellings of the first.

    With ``all_words`` the words of the others stand behind them. Raises `ModelError`.
    """
    parameters.checked(models)
    words = merged_words(models, all_words=all_words)
    first = models[0]
    with ModelWriter(path, merged_dimension(models, parameters), overwrite=overwrite) as writer:
        vectors = merged_vectors(models, words, parameters, progress)
        counts = [first.count_of(row) if row < len(first) else 0 for row in range(len(words))]
        for start in range(0, len(words), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            writer.append(words[block], vectors[block], counts[block])
        for file, text in ((DISPLAY_FILE, first.display), (DESCRIPTIONS_FILE, first.description)):
            if file in first.manifest.files:
                write_texts(
                    writer.folder / file, [text(row) if row < len(first) else None for row in range(len(words))]
                )
        return writer.finish(_merged_card(path.name, models, parameters), progress=progress)


def merged_dimension(models: Sequence[Model], parameters: MergeParameters) -> int:
    """The dimension of the merged model."""
    return min(parameters.dimension, sum(model.dimension for model in models))


def _merged_card(name: str, models: Sequence[Model], parameters: MergeParameters) -> Card:
    cards = [model.manifest.card for model in models]
    unique = {what: dict.fromkeys(getattr(card, what) for card in cards) for what in ("corpus", "licence")}
    return Card(
        name,
        method="meta-embedding",
        parameters={**asdict(parameters), "models": [f"{card.name} ({card.method})" for card in cards]},
        corpus="; ".join(unique["corpus"]),
        licence="; ".join(unique["licence"]),
        joiner=cards[0].joiner,
    )
