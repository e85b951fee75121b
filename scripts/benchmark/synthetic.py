"""Vectors that behave like real word vectors, of any number and dimension, the same for the same seed.

    python -m scripts.benchmark.synthetic 3000000x300 vectors.npy     unit rows, float32, the most frequent word first
    python -m scripts.benchmark.synthetic --compare MODEL             how they compare with the rows of a real model
    python -m scripts.benchmark.synthetic --measure MODEL             measures it anew: structure-DIMENSION.json

Word vectors are neither uniform noise nor a few round clusters. A row here is the sum of a common mean, of a node at
each level of a tree (topics of 2,000 rows, in them 200, and so on) and of something of its own. All parts are Gaussian
in the spectrum of the real rows: the broad levels take more of its large eigenvalues, as the centres of k-means on real
rows do. Sizes of nodes, and distances of rows from their node, are log-normal about what k-means finds. The axes are
turned at random, since those of trained vectors mean nothing. Norms are those of the same frequency rank. What was
measured are GloVe's 50 dimensions and, for more than 50, the 200 of a model that this project trained; beyond them the
eigenvalues go on by the power law that fits the middle of the measured ones. The levels were set by comparing what
comes of it with the real rows (``--compare``): cosines of neighbours, recall of common indexes.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import click
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

STRUCTURES = Path(__file__).resolve().parents[2] / "benchmarks"
MEASURED = (50, 200)
"""Dimensions that there is a structure of."""
_MOST = 0.9
"""The share that a level may take of what the levels above it have left of an eigenvalue."""
_NODE_SIZES, _NODE_RADII, _ROW_RADII = 0.5, 0.25, 0.25
"""Standard deviations of the logarithms."""
_FITTED = (0.08, 0.84)
"""Which eigenvalues the power law is fitted to: the first are the frequency's, and GloVe's last near zero."""
BLOCK_ROWS = 65_536


@dataclass(frozen=True)
class Structure:
    """What is taken from real rows [count, dimension]."""

    source: str
    levels: list[tuple[int, float]]
    """Rows to a node, and the share of the variance at that level; the rest is each row's own."""
    steepness: float
    """The levels take of each eigenvalue in proportion to this power of it."""
    eigenvalues: list[float]
    """Of the covariance of the unit rows, largest first."""
    mean: list[float]
    """Of the unit rows, along the eigenvectors."""
    ranks: list[int]
    norms: list[float]
    """Mean norm at those frequency ranks; between them it goes by the logarithm of the rank."""
    norm_deviation: float
    """Standard deviation of the logarithm of a norm about that."""

    @classmethod
    def load(cls, dimension: int) -> Self:
        """That of the smallest measured dimension which is not less, or else of the largest."""
        measured = next((each for each in MEASURED if each >= dimension), MEASURED[-1])
        return cls(**json.loads(_path(measured).read_text(encoding="utf-8")))

    def spectrum(self, dimension: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Eigenvalues and mean [dimension], so that rows have a mean square of 1."""
        values, mean = np.array(self.eigenvalues), np.zeros(dimension)
        if dimension > len(values):
            first, last = (int(part * len(values)) for part in _FITTED)
            places = np.arange(first + 1, last + 1)
            slope = np.polyfit(np.log(places), np.log(values[first:last]), 1)[0]
            further = (np.arange(last + 1, dimension + 1) / last) ** slope
            values = np.concatenate([values[:last], values[last - 1] * further])
        share = float(np.square(self.mean).sum())
        known = min(dimension, len(self.mean))
        mean[:known] = self.mean[:known]
        mean *= np.sqrt(share / np.square(mean).sum())
        values = values[:dimension]
        return values * (1 - share) / values.sum(), mean


def measure(vectors: Matrix, norms: Matrix, like: Structure) -> Structure:
    """The structure of unit rows [count, dimension] of the lengths ``norms``, the most frequent first.

    Levels are not measured but set, and taken from ``like``.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors - mean.astype(np.float32)
    values, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64) / len(vectors))
    edges = np.unique(np.geomspace(1, len(vectors), 25).astype(int))
    parts = [norms[start - 1 : end] for start, end in pairwise(edges)]
    logs = [np.log(part[part > 0]) for part in parts]
    deviation = np.sqrt(np.mean(np.concatenate([log - log.mean() for log in logs]) ** 2))
    return replace(
        like,
        eigenvalues=[float(f"{value:.5g}") for value in np.maximum(values[::-1], 1e-9)],
        mean=[round(float(value), 5) for value in (mean @ axes)[::-1]],
        ranks=[int(np.sqrt(start * end)) for start, end in pairwise(edges)],
        norms=[round(float(part.mean()), 4) for part in parts],
        norm_deviation=round(float(deviation), 4),
    )


class Synthetic:
    """Rows [count, dimension], made block by block: in memory are the nodes of the tree, a fifteenth of all."""

    def __init__(self, count: int, dimension: int, seed: int = 0, structure: Structure | None = None) -> None:
        self.count, self.dimension, self.seed = count, dimension, seed
        self.structure = structure or Structure.load(dimension)
        rng = np.random.default_rng(seed)
        values, mean = self.structure.spectrum(dimension)
        turn = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]
        levels, own = _levels(values, self.structure)
        nodes, weights = np.zeros((1, dimension), np.float32), np.ones(1)
        for (rows, _), variance in zip(self.structure.levels, levels, strict=True):
            number = max(1, count // rows)
            parents = nodes[rng.choice(len(nodes), number, p=weights / weights.sum())]
            nodes = parents + _gaussian(rng, number, dimension) * np.sqrt(variance, dtype=np.float32)
            weights = np.exp(rng.normal(0, _NODE_SIZES, number))
        self._turn = turn.astype(np.float32)
        self._nodes, self._shares = nodes + mean.astype(np.float32), np.cumsum(weights) / weights.sum()
        self._radii = np.exp(rng.normal(0, _NODE_RADII, len(nodes)) - _NODE_RADII**2)
        self._own = np.sqrt(own).astype(np.float32)

    def blocks(self) -> Iterator[Matrix]:
        """Unit rows, `BLOCK_ROWS` at a time."""
        for number, start in enumerate(range(0, self.count, BLOCK_ROWS)):
            rng = np.random.default_rng((self.seed, 1, number))
            rows = min(BLOCK_ROWS, self.count - start)
            nodes = np.searchsorted(self._shares, rng.random(rows)).clip(max=len(self._nodes) - 1)
            radii = self._radii[nodes] * np.exp(rng.normal(0, _ROW_RADII, rows) - _ROW_RADII**2)
            block = _gaussian(rng, rows, self.dimension)
            block *= self._own
            block *= radii[:, None].astype(np.float32)
            block += self._nodes[nodes]
            block = block @ self._turn
            block /= np.linalg.norm(block, axis=1, keepdims=True)
            yield block

    def norms(self) -> Matrix:
        """The length of each row before it was brought to 1 [count]."""
        rng = np.random.default_rng((self.seed, 2))
        known = np.log(self.structure.ranks)
        mean = np.interp(np.log(np.arange(1, self.count + 1)), known, self.structure.norms)
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
    """What tells real rows from others: cosines of neighbours, and the recall of common indexes on analogy targets."""
    import faiss

    from embeddings.search import analogy_targets, exact_search, nearest_but_inputs
    from scripts.benchmark.peers import recall

    rng = np.random.default_rng(seed)
    asked = vectors[np.sort(rng.integers(0, len(vectors), number))]
    near = exact_search(vectors, asked, 101)[0]
    found = {f"cosine of neighbour {k}": near[:, k].mean() for k in (1, 10, 100)}
    found["its deviation at 10"] = near[:, 10].std()
    targets, inputs = analogy_targets(vectors, number, seed)
    truth = nearest_but_inputs(vectors, targets, inputs)
    found["cosine of answer 10"] = np.mean(
        [(vectors[rows[-1:]] @ t)[0] for rows, t in zip(truth, targets, strict=True)]
    )
    sample = np.sort(rng.permutation(len(vectors))[:65_536])
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
    return {name: round(float(value), 3) for name, value in found.items()}


@click.command()
@click.argument("size", required=False)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True)
@click.option("--measure", "measured", metavar="MODEL", help="Measure a model of 50 or 200 dimensions anew.")
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
        made = np.concatenate(list(Synthetic(*model.vectors.shape, seed).blocks()))
        columns: list[dict[str, Any]] = [behaviour(np.array(model.vectors)), behaviour(made)]
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
