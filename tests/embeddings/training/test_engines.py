"""Which engine is taken, and what is said of it."""

import numpy as np
import pytest

from embeddings.errors import CorpusError, KernelError
from embeddings.native import FORCED
from embeddings.training.engines import GENSIM, KERNEL, choose_engine, describe_engine, open_learner
from embeddings.training.gensim_engine import GensimLearner
from embeddings.training.kernel_engine import KernelLearner
from embeddings.training.parameters import Architecture, Engine, TrainingParameters


def test_the_kernel_is_taken_where_it_can() -> None:
    for parameters in (TrainingParameters(), TrainingParameters(architecture=Architecture.CBOW)):
        assert choose_engine(Engine.LOCAL, parameters) == (KERNEL, None)
        assert choose_engine(Engine.KERNEL, parameters) == (KERNEL, None)
        assert choose_engine(Engine.GENSIM, parameters) == (GENSIM, None)


def test_what_it_has_not_goes_to_gensim_unless_it_was_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ({"hs": True}, {"hs": True, "negative": 0}):
        name, why = choose_engine(Engine.LOCAL, TrainingParameters(**given))
        assert (name, why) == (GENSIM, "the kernel has no hierarchical softmax (--hs)")
        with pytest.raises(CorpusError, match="--engine gensim"):
            choose_engine(Engine.KERNEL, TrainingParameters(**given))
    monkeypatch.setenv(FORCED, "none")
    name, why = choose_engine(Engine.LOCAL, TrainingParameters())
    assert name == GENSIM
    assert why is not None
    assert "switches the kernels off" in why
    with pytest.raises(KernelError, match="switches the kernels off"):
        choose_engine(Engine.KERNEL, TrainingParameters())


def test_engines_by_their_names() -> None:
    given = (["a", "b"], np.array([3, 2]), TrainingParameters(vector_size=4, workers=1), None)
    assert isinstance(open_learner(KERNEL, *given), KernelLearner)
    assert isinstance(open_learner(GENSIM, *given), GensimLearner)


def test_an_engine_is_described() -> None:
    kernel = {"name": "kernel", "instructions": "avx2", "threads": 1}
    assert describe_engine(kernel, None) == "Learning with the kernel (avx2), 1 thread."
    gensim = {"name": "gensim", "version": "4.4.0", "threads": 2}
    assert describe_engine(gensim, "so it is") == "Learning with gensim 4.4.0, 2 threads: so it is."
