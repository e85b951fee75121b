"""Analogy and similarity sets give scores."""

from embeddings.evaluation.scores import AnalogyReport, PairsReport, SectionScore, evaluate, find_dataset

__all__ = ["AnalogyReport", "PairsReport", "SectionScore", "evaluate", "find_dataset"]
