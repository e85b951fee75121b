"""The engine on a cluster: a prepared corpus, and vectors by MLlib's Word2Vec if they are wanted from there.

MLlib's Word2Vec is skip-gram with hierarchical softmax, and nothing else: no negative sampling, no sampling of frequent
words, no n-grams. Each partition of the corpus learns for itself, and the vectors of all are averaged after each
iteration; the vocabulary and its vectors are held whole by the driver and by every task.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from embeddings.errors import CorpusError, EngineError
from embeddings.search import Matrix
from embeddings.spark.cluster import Cluster, check_engine, literal, open_cluster
from embeddings.spark.preparation import Work, prepare_on_spark
from embeddings.training import (
    CLEAN,
    INFO_FILE,
    SENTENCES,
    SENTENCES_FOLDER,
    VOCABULARY_FILE,
    Job,
    Keep,
    LearnedVectors,
    Note,
    TrainingInput,
    TrainingParameters,
    VectorsBy,
    Watcher,
    Workspace,
    check_not_again,
    read_prepared,
    take_prepared,
)

_MLLIB_KNOWS = ("vector_size", "window", "min_count", "max_final_vocab", "alpha", "epochs", "seed", "workers")
_LARGEST = (1 << 31) - 1
"""Numbers that MLlib can hold: it keeps all vectors in one array."""


@dataclass(frozen=True, slots=True, eq=False)
class MLlibVectors:
    """Vectors as MLlib learned them, as `embeddings.training.LearnedVectors` wants them."""

    words: Sequence[str]
    vectors: Matrix
    """[words, dimension], with the lengths that training gave them."""
    total: int
    """Words that were learned from in each iteration."""
    seconds: float
    parameters: TrainingParameters
    told: dict[str, Any]
    """The parameters that MLlib has."""
    ngrams: Matrix | None = None
    method: str = "word2vec skipgram, MLlib"

    def rows(self, first: int, end: int) -> Matrix:
        return self.vectors[first:end]

    @property
    def engine(self) -> dict[str, Any]:
        return {"name": "mllib", "version": version("pyspark")}


class SparkEngine:
    """What ``embeddings.training.train`` gives the jobs to whose engine is spark."""

    def check(self, job: Job) -> None:
        check_spark(job)

    def train(
        self, job: Job, given_phrases: Sequence[str], known_words: Sequence[str], space: Workspace, watcher: Watcher
    ) -> tuple[TrainingInput, LearnedVectors | None]:
        return train_on_spark(job, given_phrases, known_words, space, watcher)


def check_spark(job: Job) -> None:
    """Raises `EngineError` if the cluster cannot be reached, `CorpusError` for what MLlib cannot do."""
    check_engine(job.engine.master)
    if job.engine.vectors is not VectorsBy.SPARK:
        return
    unknown = [name for name in job.training if name not in _MLLIB_KNOWS]
    if unknown:
        raise CorpusError(
            f"MLlib's Word2Vec has no --{unknown[0].replace('_', '-')}: it is skip-gram with hierarchical softmax. "
            "Leave that out, or leave out --vectors spark."
        )
    if job.keep is Keep.BEST:
        raise CorpusError("MLlib gives vectors at its end only: leave out --keep best, or --vectors spark.")
    if job.init is not None:
        raise CorpusError("MLlib's Word2Vec cannot train a model on: leave out --init, or --vectors spark.")


def train_on_spark(
    job: Job, given_phrases: Sequence[str], known_words: Sequence[str], space: Workspace, watcher: Watcher
) -> tuple[TrainingInput, LearnedVectors | None]:
    """Prepare the corpus of ``job`` on its cluster and, unless vectors are to be local, learn there.

    Raises `CorpusError` and `EngineError`.
    """
    engine = job.engine
    place = engine.prepared or f"file://{space.own_folder('prepared')}"
    with open_cluster(engine.master, f"{place}/stages", space.folder, watcher) as cluster:
        there = _prepared_there(cluster, job)
        if there is None:
            if not space.has(CLEAN) and cluster.exists(f"{place}/{INFO_FILE}"):
                raise CorpusError(f"{place} is a prepared corpus already. Train on it, or choose another --prepared.")
            try:
                prepare_on_spark(Work(job, cluster, space, place, watcher), given_phrases, known_words)
            except CorpusError:
                if not space.has(CLEAN):  # nothing is lost, and another corpus may be named the next time
                    space.clear()
                raise
        else:
            check_not_again(job)
        place = there or place
        if not space.has(SENTENCES):
            wanted = [INFO_FILE, VOCABULARY_FILE]
            wanted += [SENTENCES_FOLDER] if engine.vectors is VectorsBy.LOCAL else []
            folder = cluster.fetch(place, wanted, space.own_folder("fetched"))
            take_prepared(folder, space, with_sentences=engine.vectors is VectorsBy.LOCAL)
        prepared = read_prepared(job, space)
        learned = None
        if engine.vectors is VectorsBy.SPARK:
            learned = _learn(cluster, job, place, prepared, watcher)
    return prepared, learned


def _prepared_there(cluster: Cluster, job: Job) -> str | None:
    found = [place for place in job.places if cluster.exists(f"{place}/{INFO_FILE}")]
    if found and len(job.places) > 1:
        raise CorpusError(f"{found[0]} is a prepared corpus, which is trained on alone: leave out the others.")
    return found[0] if found else None


def _learn(cluster: Cluster, job: Job, address: str, prepared: TrainingInput, watcher: Watcher) -> MLlibVectors:
    parameters = prepared.parameters
    told = _told(cluster, job, parameters)
    size = len(prepared.words) * parameters.vector_size
    if size >= _LARGEST:
        raise EngineError(
            f"MLlib's Word2Vec holds fewer than {_LARGEST:,} numbers, and {len(prepared.words):,} words × "
            f"{parameters.vector_size} are {size:,}. Take a smaller --vector-size, or leave out --vectors spark."
        )
    total = int(prepared.counts.sum())
    began = time.monotonic()
    watcher(Note(f"MLlib learns in {told['partitions']} partitions, averaged after each iteration.", told))
    table = cluster.run(
        "vectors", lambda: _fit(cluster, address, told), total * parameters.epochs, parameters.epochs + 1
    )
    rows = {word: row for row, word in enumerate(table.column("word").to_pylist())}
    flat = table.column("vector").combine_chunks().flatten().to_numpy(zero_copy_only=False)
    order = [rows[word] for word in prepared.words]
    vectors = np.asarray(flat, np.float32).reshape(len(rows), parameters.vector_size)[order]
    return MLlibVectors(prepared.words, vectors, total, time.monotonic() - began, parameters, told)


def _told(cluster: Cluster, job: Job, parameters: TrainingParameters) -> dict[str, Any]:
    return {
        "algorithm": "word2vec",
        "architecture": "skipgram",
        "hs": True,
        "negative": 0,
        "vector_size": parameters.vector_size,
        "window": parameters.window,
        "min_count": parameters.min_count,
        "alpha": parameters.alpha,
        "epochs": parameters.epochs,
        "seed": parameters.seed,
        "partitions": job.engine.partitions or cluster.processors,
    }


def _fit(cluster: Cluster, place: str, told: dict[str, Any]) -> Any:
    """The vectors as an Arrow table of word and vector."""
    from pyspark.ml.feature import Word2Vec
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions

    sentences = cluster.session.read.parquet(literal(f"{place}/{SENTENCES_FOLDER}"))
    word2vec = Word2Vec(
        vectorSize=told["vector_size"],
        windowSize=told["window"],
        minCount=1,  # rare words are not in the sentences any more
        maxIter=told["epochs"],
        stepSize=told["alpha"],
        seed=told["seed"],
        numPartitions=told["partitions"],
        maxSentenceLength=1_000,
        inputCol="sentence",
        outputCol="unused",
    )
    model = word2vec.fit(sentences.select(functions.split("text", " ").alias("sentence")))
    vectors = model.getVectors()
    return vectors.select("word", vector_to_array(functions.col("vector"), "float32").alias("vector")).toArrow()
