"""The engine for this machine: the kernel if possible, otherwise gensim, with the reason."""

from collections.abc import Sequence

from embeddings.errors import CorpusError
from embeddings.native import missing_kernel
from embeddings.text import Counts
from embeddings.training.engine import Learner, Start
from embeddings.training.gensim_engine import GensimLearner
from embeddings.training.kernel_engine import KernelLearner, why_not
from embeddings.training.parameters import Engine, TrainingParameters

GENSIM, KERNEL = "gensim", "kernel"


def choose_engine(wanted: Engine, parameters: TrainingParameters) -> tuple[str, str | None]:
    """The engine's name, and why it is gensim where nobody asked for that.

    Raises `CorpusError` or `KernelError` if the kernel was asked for by name, and cannot do it or is not there.
    """
    if wanted is Engine.GENSIM:
        return GENSIM, None
    if lacking := why_not(parameters):
        if wanted is Engine.KERNEL:
            raise CorpusError(f"The kernel has no {lacking}: leave that out, or let gensim learn: --engine gensim.")
        return GENSIM, f"the kernel has no {lacking}"
    if missing := missing_kernel("embeddings.training"):
        if wanted is Engine.KERNEL:
            raise missing
        return GENSIM, f"the kernel cannot be used, {str(missing).rstrip('.')}"
    return KERNEL, None


def open_learner(
    name: str, words: Sequence[str], counts: Counts, parameters: TrainingParameters, start: Start | None
) -> Learner:
    """A model in training by the engine called ``name``. Raises `KernelError` and `ModelError`."""
    kind: type[KernelLearner] | type[GensimLearner] = KernelLearner if name == KERNEL else GensimLearner
    return kind(words, counts, parameters, start)


def describe_engine(engine: dict[str, object], why: str | None) -> str:
    """One line for people."""
    threads = f"{engine['threads']} thread{'' if engine['threads'] == 1 else 's'}"
    if engine["name"] == KERNEL:
        return f"Learning with the kernel ({engine['instructions']}), {threads}."
    return f"Learning with gensim {engine['version']}, {threads}{f': {why}' if why else ''}."
