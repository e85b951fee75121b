"""Vectors that behave like real word vectors, of any number and dimension, the same for the same seed.

    python -m scripts.benchmark.synthetic 3000000x300 vectors.npy     unit rows, float32, the most frequent word first
    python -m scripts.benchmark.synthetic --compare MODEL             how they compare with the rows of a real model
    python -m scripts.benchmark.synthetic --measure MODEL             measures it anew: structure-DIMENSION.json

Word vectors are neither uniform noise nor a few round clusters. A row here is the sum of a common mean, of a node at
each level of a tree (topics of 2,000 rows, in them 200, and so on) and of something of its own. All parts are Gaussian
in the spectrum of the real rows: the broad levels take more of its large eigenvalues, as the centres of k-means on real
rows do. Sizes of nodes, and distances of rows from their node, are log-normal about what k-means finds. The axes are
turned at random, since those of trained vectors mean nothing.

Where a row lies depends on its frequency rank, as in real rows: rare words add little to what is near frequent ones.
Means and norms are those of the rank. A row has a score, the normal quantile of its rank's share of all, and each node
has one too: a row takes a node of a like score, so that scores agree within a node as they do among real neighbours.

Measured are GloVe's 50 dimensions and, for more than 50, the 380 of the default model. Beyond them the eigenvalues go
on by the power law that fits the middle of the measured ones. Beyond the measured rows means and norms stay as at the
last measured rank, and later nodes are for later rows, so that the first rows are those of a smaller vocabulary.

The levels were set by comparing what comes of it with the real rows (``--compare``, which turns those at random too):
cosines of neighbours, recall of common indexes, and how near the first so many rows are to what is asked.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from typing import Any, Self

import click
import numpy as np
import numpy.typing as npt

from embeddings.search import analogy_targets, exact_search, nearest_but_inputs

Matrix = npt.NDArray[np.float32]

STRUCTURES = Path(__file__).resolve().parents[2] / "benchmarks"
MEASURED = (50, 380)
"""Dimensions that there is a structure of."""
_MOST = 0.9
"""The share that a level may take of what the levels above it have left of an eigenvalue."""
_NODE_SIZES, _NODE_RADII, _ROW_RADII = 0.5, 0.25, 0.25
"""Standard deviations of the logarithms."""
_FITTED = (0.08, 0.84)
"""Which eigenvalues the power law is fitted to: the first are the frequency's, and GloVe's last near zero."""
_FIRST_BAND, _BANDS, _MEAN_AXES = 50, 20, 4
"""Rows of the first band of ranks, further bands, and the axes that nearly all of the bands' means lies along."""
_SCORES = [step / 20 for step in range(-120, 121)]
"""Rows between two of them choose their nodes by the middle."""
_SIZES, _FREQUENT = (25_000, 100_000, 200_000, 400_000), 20_000
BLOCK_ROWS = 65_536


@dataclass(frozen=True)
class Structure:
    """What is taken from real rows [count, dimension]."""

    source: str
    rows: int
    levels: list[tuple[int, float]]
    """Rows to a node, and the share of the variance at that level; the rest is each row's own."""
    agreements: list[float]
    """The share of the variance of scores that is between the nodes of each level: in real rows the correlation of the
    scores of a row and of as many of its nearest, without their ranks' means."""
    steepness: float
    """The levels take of each eigenvalue in proportion to this power of it."""
    eigenvalues: list[float]
    """Of the unit rows about the mean of their rank: along the axes of ``means``, then across them, largest first."""
    ranks: list[int]
    means: list[list[float]]
    """Of the unit rows at those frequency ranks, along a few axes; between them by the logarithm of the rank."""
    norms: list[float]
    """Mean norm at those ranks, likewise."""
    norm_deviation: float
    """Standard deviation of the logarithm of a norm about that."""

    @classmethod
    def load(cls, dimension: int) -> Self:
        """That of the smallest measured dimension which is not less, or else of the largest."""
        measured = next((each for each in MEASURED if each >= dimension), MEASURED[-1])
        return cls(**json.loads(_path(measured).read_text(encoding="utf-8")))

    def spectrum(self, dimension: int) -> npt.NDArray[np.float64]:
        """Eigenvalues [dimension], of the sum 1."""
        values = np.array(self.eigenvalues)
        if dimension > len(values):
            first, last = (int(part * len(values)) for part in _FITTED)
            places = np.arange(first + 1, last + 1)
            slope = np.polyfit(np.log(places), np.log(values[first:last]), 1)[0]
            further = (np.arange(last + 1, dimension + 1) / last) ** slope
            values = np.concatenate([values[:last], values[last - 1] * further])
        return values[:dimension] / values[:dimension].sum()

    def mean(self, numbers: npt.NDArray[np.int64], dimension: int) -> npt.NDArray[np.float64]:
        """The mean of rows of those numbers, from 0 [n, the first axes]."""
        known = np.array(self.means)[:, :dimension]
        return np.stack([self._by_rank(numbers, of_axis) for of_axis in known.T], axis=1)

    def norm(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The mean norm of rows of those numbers, from 0 [n]."""
        return self._by_rank(numbers, self.norms)

    def _by_rank(self, numbers: npt.NDArray[np.int64], of_ranks: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.interp(np.log1p(numbers), np.log(self.ranks), np.asarray(of_ranks, np.float64))


def measure(vectors: Matrix, norms: Matrix, like: Structure) -> Structure:
    """The structure of unit rows [count, dimension] of the lengths ``norms``, the most frequent first.

    Levels are not measured but set, and taken from ``like``.
    """
    edges = np.concatenate([[0], np.geomspace(_FIRST_BAND, len(vectors), _BANDS + 1)]).astype(int)
    bands = [slice(start, end) for start, end in pairwise(edges)]
    means = np.array([vectors[band].mean(axis=0) for band in bands])
    along = np.linalg.svd(means)[2][:_MEAN_AXES]
    logs = [np.log(norms[band][norms[band] > 0]) for band in bands]
    deviation = np.sqrt(np.mean(np.concatenate([log - log.mean() for log in logs]) ** 2))
    found = replace(
        like,
        rows=len(vectors),
        ranks=[int(np.sqrt((band.start + 1) * band.stop)) for band in bands],
        means=np.round((means @ along.T).astype(np.float64), 4).tolist(),
        norms=[round(float(norms[band].mean()), 4) for band in bands],
        norm_deviation=round(float(deviation), 4),
    )
    left = vectors - (found.mean(np.arange(len(vectors)), _MEAN_AXES) @ along).astype(np.float32)
    covariance = (left.T @ left).astype(np.float64) / len(left)
    across = np.eye(vectors.shape[1]) - along.T @ along
    values = np.linalg.eigvalsh(across @ covariance @ across)[: _MEAN_AXES - 1 : -1]
    values = np.concatenate([np.einsum("ad,de,ae->a", along, covariance, along), values])
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    return replace(
        found,
        eigenvalues=[float(f"{value:.5g}") for value in np.maximum(values, 1e-9)],
        agreements=[round(value, 3) for value in _agreements(left, [rows for rows, _ in like.levels])],
    )


def _agreements(vectors: Matrix, sizes: list[int], number: int = 600) -> list[float]:
    """The correlation of the scores of a row and of as many of its nearest as each of ``sizes``."""
    score = NormalDist().inv_cdf
    scores = np.array([score((place + 0.5) / len(vectors)) for place in range(len(vectors))])
    rows = np.sort(np.random.default_rng(0).integers(0, len(vectors), number))
    near = exact_search(vectors, vectors[rows], min(max(sizes), len(vectors) - 1) + 1)[1][:, 1:]
    return [float(np.corrcoef(scores[rows].repeat(size), scores[near[:, :size]].ravel())[0, 1]) for size in sizes]


class Synthetic:
    """Rows [count, dimension], made block by block: in memory are the nodes, for 380 dimensions a quarter as many."""

    def __init__(self, count: int, dimension: int, seed: int = 0, structure: Structure | None = None) -> None:
        self.count, self.dimension, self.seed = count, dimension, seed
        self.structure = structure or Structure.load(dimension)
        rng = np.random.default_rng(seed)
        self._turn = _turn(dimension, rng)
        levels, own = _levels(self.structure.spectrum(dimension), self.structure)
        nodes, weights, scores, known = np.zeros((1, dimension), np.float32), np.ones(1), np.zeros(1), 0.0
        for (rows, _), agreed, variance in zip(self.structure.levels, self.structure.agreements, levels, strict=True):
            number = max(1, count // rows)
            among = self._first(len(nodes), (np.arange(number) + 1) * count / number)
            sums = np.cumsum(weights)
            parents = np.searchsorted(sums[:-1], rng.random(number) * sums[among - 1], side="right")
            nodes = nodes[parents] + _gaussian(rng, number, dimension) * np.sqrt(variance, dtype=np.float32)
            scores = scores[parents] + rng.normal(0, np.sqrt(max(agreed - known, 0)), number)
            weights, known = np.exp(rng.normal(0, _NODE_SIZES, number)), agreed
        self._nodes, self._weights, self._scores, self._left = nodes, weights, scores, 1 - known
        self._ends = [NormalDist().cdf(score) for score in _SCORES]
        self._radii = np.exp(rng.normal(0, _NODE_RADII, len(nodes)) - _NODE_RADII**2)
        self._own = np.sqrt(own).astype(np.float32)

    def blocks(self) -> Iterator[Matrix]:
        """Unit rows, `BLOCK_ROWS` at a time."""
        for number, start in enumerate(range(0, self.count, BLOCK_ROWS)):
            rng = np.random.default_rng((self.seed, 1, number))
            numbers = np.arange(start, min(start + BLOCK_ROWS, self.count))
            nodes = self._nodes_of(numbers, rng)
            radii = self._radii[nodes] * np.exp(rng.normal(0, _ROW_RADII, len(nodes)) - _ROW_RADII**2)
            block = _gaussian(rng, len(nodes), self.dimension)
            block *= self._own
            block *= radii[:, None].astype(np.float32)
            block += self._nodes[nodes]
            mean = self.structure.mean(numbers, self.dimension)
            block *= np.sqrt(1 - np.square(mean).sum(axis=1, keepdims=True), dtype=np.float32)
            block[:, : mean.shape[1]] += mean
            block = block @ self._turn
            block /= np.linalg.norm(block, axis=1, keepdims=True)
            yield block

    def _first(self, nodes: int, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """How many nodes of all there are for the first ``rows``: the same share, but those of all measured rows."""
        least = min(1, self.structure.rows / self.count)
        return np.ceil(nodes * np.clip(rows / self.count, least, 1)).astype(np.int64)

    def _nodes_of(self, numbers: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """The node of each row: likelier the larger a node is and the nearer the scores are.

        A row is where it would be among twice as many rows as there are before it, if so many were not measured.
        """
        among = np.clip(2.0 * numbers, min(self.structure.rows, self.count), self.count)
        steps = np.searchsorted(self._ends, (numbers + 0.5) / among)
        sizes = self._first(len(self._nodes), np.exp(np.ceil(np.log(among) * 20) / 20))
        nodes = np.empty_like(numbers)
        for step, size in sorted(set(zip(steps.tolist(), sizes.tolist(), strict=True))):
            here = (steps == step) & (sizes == size)
            score = (_SCORES[step - 1] + _SCORES[step]) / 2
            far = np.square(self._scores[:size] - score) / (2 * self._left)
            shares = np.cumsum(self._weights[:size] * np.exp(far.min() - far))
            chosen = np.searchsorted(shares, rng.random(np.count_nonzero(here)) * shares[-1])
            nodes[here] = chosen.clip(max=size - 1)
        return nodes

    def norms(self) -> Matrix:
        """The length of each row before it was brought to 1 [count]."""
        rng = np.random.default_rng((self.seed, 2))
        mean = self.structure.norm(np.arange(self.count))
        return np.asarray(mean * np.exp(rng.normal(0, self.structure.norm_deviation, self.count)), np.float32)

    def write(self, path: Path) -> None:
        """All rows as an .npy file."""
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (self.count, self.dimension)}
            np.lib.format.write_array_header_1_0(file, header)
            for block in self.blocks():
                file.write(block.data)


def words(real: list[str], count: int) -> Iterator[str]:
    """``count`` different words: the real ones, then pairs of frequent ones joined, as phrases in a vocabulary are."""
    yield from real[:count]
    single = [word for word in real if word.isalpha()][:20_000]
    known, made = set(real), len(real)
    second = np.random.default_rng(0).permutation(len(single)).tolist()
    for other in second:
        for word in single:
            if made >= count:
                return
            if (pair := f"{word}_{single[other]}") not in known:
                made += 1
                yield pair


def _turn(dimension: int, rng: np.random.Generator) -> Matrix:
    return np.asarray(np.linalg.qr(rng.standard_normal((dimension, dimension)))[0], np.float32)


def _gaussian(rng: np.random.Generator, rows: int, dimension: int) -> Matrix:
    return rng.standard_normal((rows, dimension), dtype=np.float32)


def _path(dimension: int) -> Path:
    return STRUCTURES / f"structure-{dimension}.json"


def _levels(
    values: npt.NDArray[np.float64], structure: Structure
) -> tuple[list[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """The variance along each axis at each level, and what is left to the rows."""
    left, levels = values.copy(), []
    for _, share in structure.levels:
        low, high = 0.0, 1e9
        for _ in range(200):  # what is wanted of an axis is cut off where it has no more, so halve to the factor
            factor = (low + high) / 2
            taken = np.minimum(factor * values**structure.steepness, _MOST * left)
            low, high = (factor, high) if taken.sum() < share * values.sum() else (low, factor)
        levels.append(taken)
        left = left - taken
    return levels, left


def behaviour(vectors: Matrix, number: int = 500, seed: int = 0) -> dict[str, float]:
    """What tells real rows from others: cosines of neighbours, the recall of common indexes on analogy targets, and how
    near the first so many rows are to what is asked.
    """
    rng = np.random.default_rng(seed)
    near = exact_search(vectors, vectors[np.sort(rng.integers(0, len(vectors), number))], 101)[0]
    found = {f"cosine of neighbour {k}": near[:, k].mean() for k in (1, 10, 100)}
    found["its deviation at 10"] = near[:, 10].std()
    found |= _recalls(vectors, number, seed)
    for size in (each for each in _SIZES if each <= len(vectors)):
        nearness = _nearness(vectors[:size], number, seed)
        found |= {f"first {size:,}: {name}": value for name, value in nearness.items()}
    return {name: round(float(value), 3) for name, value in found.items()}


def _nearness(vectors: Matrix, number: int, seed: int) -> dict[str, float]:
    """The tenth cosine and the median number of rows within .1 of it, for frequent words and targets of analogies."""
    rows = np.random.default_rng(seed).integers(0, min(len(vectors), _FREQUENT), (number, 1))
    targets, inputs = analogy_targets(vectors, 2 * number, seed)  # the first half of them is of words that are near
    found: dict[str, float] = {}
    for kind, asked, asked_of in (("frequent words", vectors[rows[:, 0]], rows), ("analogies", targets, inputs)):
        tenth, within = [], []
        for target, without in zip(asked[:number], asked_of[:number], strict=True):
            cosines = vectors @ target
            cosines[without] = -1
            tenth.append(np.partition(cosines, -10)[-10])
            within.append(np.count_nonzero(cosines >= tenth[-1] - 0.1))
        found[f"tenth of {kind}"] = float(np.mean(tenth))
        found[f"rows within .1 of it, {kind}"] = float(np.median(within))
    return found


def _recalls(vectors: Matrix, number: int, seed: int) -> dict[str, float]:
    import faiss

    from scripts.benchmark.peers import recall

    targets, inputs = analogy_targets(vectors, number, seed)
    truth = nearest_but_inputs(vectors, targets, inputs)
    last = [(vectors[rows[-1:]] @ target)[0] for rows, target in zip(truth, targets, strict=True)]
    found = {"cosine of answer 10": float(np.mean(last))}
    sample = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:65_536])
    training = np.ascontiguousarray(vectors[sample])
    dimension = vectors.shape[1]
    inverted = faiss.index_factory(dimension, "IVF1024,Flat", faiss.METRIC_INNER_PRODUCT)
    codes = faiss.index_factory(dimension, f"PQ{(dimension + 1) // 2}x4fs", faiss.METRIC_INNER_PRODUCT)
    for index in (inverted, codes):
        index.train(training)
        index.add(vectors)
    for probes in (16, 64, 256):
        inverted.nprobe = probes
        found[f"recall, IVF1024, {probes} probes"] = recall(inverted.search(targets, 13)[1], truth, inputs)
    for candidates in (100, 300, 1000):
        rows = codes.search(targets, candidates)[1]
        found[f"recall, PQx4fs, {candidates} candidates"] = recall(rows, truth, inputs, k=candidates)
    return found


@click.command()
@click.argument("size", required=False)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True)
@click.option("--measure", "measured", metavar="MODEL", help="Measure a model of 50 or 380 dimensions anew.")
@click.option("--compare", "compared", metavar="MODEL", help="Compare as many rows with those of a model.")
def main(size: str | None, path: Path | None, seed: int, measured: str | None, compared: str | None) -> None:
    """Write SIZE rows, such as 3000000x300, to PATH (.npy)."""
    from embeddings import load_model

    if measured:
        model = load_model(measured)
        found = measure(model.vectors, model.norms, Structure.load(model.dimension))
        _path(model.dimension).write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    if compared:
        model = load_model(compared)
        turned = model.vectors @ _turn(model.dimension, np.random.default_rng(seed))  # axes count for an index of codes
        columns: list[dict[str, Any]] = [behaviour(turned)]
        columns.append(behaviour(np.concatenate(list(Synthetic(*model.vectors.shape, seed).blocks()))))
        for name, value in columns[0].items():
            click.echo(f"| {name} | {value} | {columns[1][name]} |")
    if size and path:
        Synthetic(*parse_size(size), seed).write(path)
    elif not (measured or compared):
        raise click.UsageError("Say SIZE and PATH, --compare or --measure.")


def parse_size(text: str) -> tuple[int, int]:
    """``400000x300`` as rows and dimension. Raises click's BadParameter."""
    rows, _, dimension = text.lower().replace("×", "x").replace(",", "").partition("x")
    if not (rows.isdigit() and dimension.isdigit() and int(rows) >= 2000 and int(dimension) >= 2):
        raise click.BadParameter(f"'{text}' is no size. Write rows (2,000 or more) and dimension: 400000x300")
    return int(rows), int(dimension)


if __name__ == "__main__":
    main()
