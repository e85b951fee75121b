"""The part ``evaluate`` of scripts/benchmark: Google's analogy set from the file to the accuracy."""

import tempfile
from pathlib import Path
from typing import Any

from embeddings import Model
from embeddings.evaluation import AnalogyReport, evaluate, find_dataset
from scripts.benchmark.measurement import EXACT, GENSIM, OURS, seconds
from scripts.benchmark.peers import keyed_vectors


def measure_evaluate(model: Model, every: int = 1) -> dict[str, Any]:
    """The whole set, or every so many of its questions. gensim looks at the whole vocabulary, as we do."""
    theirs = keyed_vectors(list(model.vocabulary), model.vectors)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "questions.txt"
        path.write_text(some_questions(find_dataset("google").read_text(encoding="utf-8"), every), encoding="utf-8")
        took, reports = {}, {}
        for name, exact in ((OURS, False), (EXACT, True)):
            took[name], reports[name] = seconds(lambda exact=exact: evaluate(model, str(path), exact=exact))
        took[GENSIM], (accuracy, _) = seconds(
            lambda: theirs.evaluate_word_analogies(str(path), restrict_vocab=len(model))
        )
    accuracies = {GENSIM: accuracy}
    for name, report in reports.items():
        assert isinstance(report, AnalogyReport)
        accuracies[name], asked = report.total.accuracy, report.total.questions
    return {
        "evaluation": {
            name: {"seconds": round(took[name], 2), "accuracy_%": round(100 * accuracies[name], 3)}
            for name in (GENSIM, EXACT, OURS)
        },
        "questions": asked,
        "ratios": {
            "evaluation, times faster than gensim": round(took[GENSIM] / took[OURS], 2),
            "evaluation, exact, times faster than gensim": round(took[GENSIM] / took[EXACT], 2),
        },
    }


def some_questions(text: str, every: int) -> str:
    """Every so many of the questions, and all names of sections, of a set in Google's form."""
    kept, number = [], 0
    for line in text.splitlines(keepends=True):
        if line.startswith(":") or number % every == 0:
            kept.append(line)
        number += not line.startswith(":")
    return "".join(kept)
