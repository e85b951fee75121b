"""What to train: gensim's parameters, the presets that choose them by the size of the corpus, and the whole job."""

import dataclasses
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from embeddings.errors import CorpusError
from embeddings.parameters import typed
from embeddings.text import ENTITIES, CorpusParameters, PhraseParameters, TokenParameters


class Algorithm(StrEnum):
    WORD2VEC = "word2vec"
    FASTTEXT = "fasttext"


class Architecture(StrEnum):
    SKIPGRAM = "skipgram"
    CBOW = "cbow"


class Engine(StrEnum):
    LOCAL = "local"
    KERNEL = "kernel"
    GENSIM = "gensim"
    SPARK = "spark"


class VectorsBy(StrEnum):
    SPARK = "spark"
    LOCAL = "local"


class Keep(StrEnum):
    LAST = "last"
    BEST = "best"


def available_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_FEWEST_TOO_MANY = 16
"""So many threads are never too many: the machine that a job goes on with may have fewer processors."""


def _option(default: Any, text: str, **more: Any) -> Any:
    return dataclasses.field(default=default, metadata={"help": text, **more})


@dataclass(frozen=True, slots=True)
class TrainingParameters:
    """gensim's parameters by gensim's names. Each field is an option of ``thisplusthat train``.

    Sources of the defaults: Mikolov et al. 2013 for sampling and negative samples; Levy, Goldberg and Dagan 2015 for
    many dimensions and more negative samples on small corpora; for windows, epochs and the rate, what
    docs/explanation/training.md measured.
    """

    algorithm: Algorithm = _option(Algorithm.WORD2VEC, "word2vec, or fasttext with vectors of character n-grams.")
    architecture: Architecture = _option(Architecture.SKIPGRAM, "skipgram is better at analogies, cbow is faster.")
    vector_size: int = _option(200, "Dimensions of the vectors.", min=1)
    window: int = _option(5, "Words to each side that are a word's context.", min=1, max=10_000)
    shrink_windows: bool = _option(True, "Draw each window from 1 to --window, so that near words count more.")
    min_count: int = _option(5, "Words met less often get no vector.", min=1)
    max_final_vocab: int | None = _option(None, "At most so many words get a vector, the most frequent.", min=1)
    sample: float = _option(1e-4, "Words more frequent than this share are left out at times; 0 for never.", min=0)
    hs: bool = _option(False, "Hierarchical softmax, besides or (with --negative 0) instead of negative sampling.")
    negative: int = _option(5, "Negative samples a word; 0 for none.", min=0)
    ns_exponent: float = _option(0.75, "Exponent of a word's frequency in drawing negative samples.")
    cbow_mean: bool = _option(True, "cbow takes the mean of the context's vectors, not their sum.")
    alpha: float = _option(
        0.025,
        "Learning rate at the start.",
        above=0,
        chosen="0.05 for word2vec with cbow or with up to 100 million words times epochs, else 0.025",
    )
    min_alpha: float = _option(0.0001, "Learning rate at the end.", min=0)
    epochs: int = _option(5, "How often the corpus is gone through.", min=1)
    min_n: int = _option(3, "fasttext: letters of the shortest n-grams.", min=1)
    max_n: int = _option(6, "fasttext: letters of the longest n-grams.", min=1)
    bucket: int = _option(500_000, "fasttext: vectors that all n-grams share by hashing.", min=1)
    batch_words: int = _option(10_000, "Words handed to a thread at a time, up to 10,000.", min=1, max=10_000)
    seed: int = _option(1, "Seed of all that is drawn; with --workers 1 a run repeats bit for bit.", min=0)
    workers: int = _option(0, "Threads and processes; 0 is one for each processor.", min=0)
    init_step: float = _option(0.1, "With --init: how much of each step words of the old model take.", min=0, max=1)

    def __post_init__(self) -> None:
        for entry in dataclasses.fields(self):
            _check_range(entry, getattr(self, entry.name))
        most = max(_FEWEST_TOO_MANY, 4 * available_processors())
        if self.workers > most:
            raise CorpusError(
                f"--workers {self.workers} is more than {most}: threads beyond the {available_processors()} processors "
                "here only wait for each other. Leave it out for one a processor."
            )
        if not self.hs and not self.negative:
            raise CorpusError(
                "Neither --hs nor --negative: one of them is needed to learn anything. Try --negative 10."
            )
        if self.min_alpha > self.alpha:
            raise CorpusError(f"--min-alpha {self.min_alpha} is above --alpha {self.alpha}: it is where the rate ends.")
        if self.min_n > self.max_n:
            raise CorpusError(f"--min-n {self.min_n} is above --max-n {self.max_n}.")

    @property
    def threads(self) -> int:
        """``workers``, or as many as there are processors."""
        return self.workers or available_processors()


def _check_range(entry: "dataclasses.Field[Any]", value: Any) -> None:
    """Raises `CorpusError` for a number outside of what the option can be."""
    if value is None or isinstance(value, bool | str):
        return
    option, limits = f"--{entry.name.replace('_', '-')}", entry.metadata
    least, above, most = limits.get("min"), limits.get("above"), limits.get("max")
    if not math.isfinite(value):
        raise CorpusError(f"{option} {value} is no number to work with.")
    if least is not None and value < least:
        raise CorpusError(f"{option} {value} is too small: it is {least} at least.")
    if above is not None and value <= above:
        raise CorpusError(f"{option} {value} is too small: it is more than {above}.")
    if most is not None and value > most:
        raise CorpusError(f"{option} {value} is too large: it is {most:,} at most.")


@dataclass(frozen=True, slots=True)
class EngineParameters:
    """Where a corpus is prepared and vectors are learned. Each field is an option of ``thisplusthat train``."""

    engine: Engine = _option(
        Engine.LOCAL,
        "kernel: the compiled kernel; gensim: its exact algorithm, much slower; local: the kernel where it can; "
        "spark: a cluster of Apache Spark's, which reads what Hadoop reads.",
    )
    master: str = _option("local[*]", "spark: the cluster, such as spark://HOST:7077; local[*] is this machine.")
    vectors: VectorsBy = _option(
        VectorsBy.LOCAL,
        "spark: local: the cluster prepares the corpus, the kernel learns on this machine; spark: MLlib's Word2Vec, "
        "skip-gram with hierarchical softmax, whose partitions are averaged after each iteration.",
    )
    partitions: int = _option(
        0, "spark: parts of the corpus that MLlib learns apart and averages; 0 is one for each processor.", min=0
    )
    prepared: str | None = _option(
        None, "A new folder (spark: file, s3a://, hdfs://) to keep the prepared corpus in, which train reads as well."
    )

    def __post_init__(self) -> None:
        if self.engine is not Engine.SPARK:
            of_spark = [entry for entry in dataclasses.fields(self)[1:] if entry.name != "prepared"]
            given = [entry.name for entry in of_spark if getattr(self, entry.name) != entry.default]
            if given:
                raise CorpusError(f"--{given[0]} needs --engine spark.")
        elif self.partitions and self.vectors is not VectorsBy.SPARK:
            raise CorpusError("--partitions needs --vectors spark: they are the parts that MLlib learns apart.")


AUTO = "auto"
PRESETS: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "small": (10_000_000, {"vector_size": 100, "min_count": 3, "sample": 1e-3, "negative": 10, "epochs": 20}),
    "medium": (500_000_000, {"window": 10}),
    "large": (0, {"vector_size": 300, "window": 10, "min_count": 10, "sample": 1e-5, "epochs": 3}),
}
"""Each preset's largest corpus in words (0: any), and what it sets apart from the defaults."""


_SHORT_TRAINING, _FAST = 100_000_000, 0.05
"""Words of all epochs up to which word2vec gains by a higher rate; word2vec.c has it for CBOW of any length. fastText
loses by it: every n-gram takes the whole step.
"""


def preset_for(words: int) -> str:
    """The preset for a corpus of so many words."""
    return next(name for name, (largest, _) in PRESETS.items() if words <= largest or not largest)


def choose_parameters(preset: str, words: int, given: Mapping[str, Any]) -> tuple[str, TrainingParameters]:
    """The name of the preset that is taken, and its parameters with those ``given`` put over it; the rate follows from
    how much is learned from.
    """
    name = preset_for(words) if preset == AUTO else preset
    chosen = {**PRESETS[name][1], **given}
    short = words * chosen.get("epochs", TrainingParameters().epochs) <= _SHORT_TRAINING
    faster = short or chosen.get("architecture") == Architecture.CBOW
    if faster and chosen.get("algorithm") != Algorithm.FASTTEXT:
        chosen.setdefault("alpha", _FAST)
    return name, typed(TrainingParameters, chosen)


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that defines one training: --resume continues with it."""

    places: tuple[str, ...]
    corpus: CorpusParameters = dataclasses.field(default_factory=CorpusParameters)
    tokens: TokenParameters = dataclasses.field(default_factory=TokenParameters)
    phrases: PhraseParameters = dataclasses.field(default_factory=PhraseParameters)
    engine: EngineParameters = dataclasses.field(default_factory=EngineParameters)
    phrase_lists: tuple[str, ...] = ()
    titles: bool = False
    preset: str = AUTO
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The `TrainingParameters` that were given, by their names; the preset has the others."""
    keep: Keep = Keep.LAST
    evaluate: bool = True
    init: str | None = None
    checkpoint_minutes: float = 10.0

    def __post_init__(self) -> None:
        if self.keep is Keep.BEST and not self.evaluate:
            raise CorpusError("--keep best goes by the scores of the epochs: leave out --no-evaluate.")
        if self.phrases.phrases == ENTITIES and self.engine.engine is Engine.SPARK:
            raise CorpusError("--phrases entities is found on this machine only: with --engine spark take pairs.")

    @property
    def given(self) -> Mapping[str, Any]:
        """The `TrainingParameters` that go before the preset. Hierarchical softmax, MLlib and the words of an older
        model have the usual rate.
        """
        usual = self.training.get("hs") or self.init or self.engine.vectors is VectorsBy.SPARK
        return {"alpha": TrainingParameters().alpha, **self.training} if usual else self.training

    @property
    def entities(self) -> bool:
        """Whether names and terms become phrases; the cluster joins pairs."""
        return self.phrases.entities and self.engine.engine is not Engine.SPARK

    @property
    def passes(self) -> int:
        """Passes over pairs of words, after the phrases that are known."""
        return self.phrases.passes

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError where ``content`` is not what `as_dict` gave."""
        parts = {
            "corpus": typed(CorpusParameters, content["corpus"]),
            "tokens": typed(TokenParameters, content["tokens"]),
            "phrases": typed(PhraseParameters, content["phrases"]),
            "engine": typed(EngineParameters, content.get("engine", {})),
            "places": tuple(content["places"]),
            "phrase_lists": tuple(content["phrase_lists"]),
            "keep": Keep(content["keep"]),
        }
        return cls(**{**content, **parts})
