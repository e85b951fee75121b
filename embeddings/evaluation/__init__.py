"""Analogy and similarity sets give scores."""

from embeddings.evaluation.datasets import find_dataset
from embeddings.evaluation.scores import AnalogyReport, PairsReport, SectionScore, evaluate

__all__ = ["AnalogyReport", "PairsReport", "SectionScore", "evaluate", "find_dataset"]
