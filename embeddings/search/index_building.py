"""Choosing, building and measuring an index."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from embeddings.errors import ModelError
from embeddings.native import missing_kernel
from embeddings.search.brute_force import Matrix
from embeddings.search.faiss_codes import build_faiss_index, factories_to_try
from embeddings.search.index import EXACT_BELOW, INDEX_FILES
from embeddings.search.list_building import build_list_index, lists_to_try, rebuild_list_index
from embeddings.search.report import KINDS, IndexParameters, IndexReport

_INVERTED_FROM = 1_000_000
"""From this many rows on FAISS's inverted lists are tried before its flat codes: whether they hold the recall depends
on the vectors."""
_FEWEST_ROWS = 1000
"""Below this many, codes are not worth learning."""
_log = logging.getLogger("thisplusthat")


def build_index(
    vectors: Matrix, parameters: IndexParameters, folder: Path, measured: IndexReport | None = None
) -> IndexReport:
    """Choose, build and measure an index over unit rows [count, dimension] and write its file into ``folder``.

    With ``auto`` it is lists where there is a kernel, else FAISS's codes (which is said aloud); and what does not reach
    the wanted recall is not taken. Lists that were ``measured`` on the same vectors before are built as they were then.
    Raises `ModelError` for an unknown kind, or if a kind was asked for that cannot reach the recall; `KernelError` if
    lists were asked for and there is no kernel.
    """
    if parameters.kind not in KINDS:
        raise ModelError(
            f"There is no index of kind '{parameters.kind}'. Choose {', '.join(KINDS[:-1])} or {KINDS[-1]}."
        )
    started = time.perf_counter()
    for name in INDEX_FILES:
        (folder / name).unlink(missing_ok=True)
    has_kernel = missing_kernel("embeddings.search") is None
    if measured is not None and measured.kind == "lists" and not measured.is_of_earlier_version and has_kernel:
        return rebuild_list_index(vectors, measured, folder)
    for kind in _kinds_to_try(len(vectors), parameters.kind):
        report = try_index(vectors, kind, parameters, folder)
        if report.recall >= parameters.recall:
            return replace(report, build_seconds=round(time.perf_counter() - started, 3))
        for name in INDEX_FILES:
            (folder / name).unlink(missing_ok=True)
        if kind == parameters.kind:
            raise ModelError(
                f"{report.factory} reaches a recall of {report.recall:.4f}, below the wanted {parameters.recall}. "
                "Ask for less, or for the index of kind exact."
            )
    return IndexReport("exact", None, 0, 1.0, round(time.perf_counter() - started, 3), parameters)


def _kinds_to_try(count: int, kind: str) -> Sequence[str]:
    if kind != "auto":
        return () if kind == "exact" else (kind,)
    if count < EXACT_BELOW:
        return ()
    of_faiss = ("ivf", "fastscan") if count >= _INVERTED_FROM else ("fastscan",)
    if (missing := missing_kernel("embeddings.search")) is not None:
        _log.warning("The search kernel is missing, so FAISS indexes this model and answers more slowly: %s", missing)
        return of_faiss
    return ("lists", *of_faiss)


def try_index(vectors: Matrix, kind: str, parameters: IndexParameters, folder: Path) -> IndexReport:
    """Build, measure and write an index of this kind, which may not reach the wanted recall."""
    if kind == "exact":
        return IndexReport("exact", None, 0, 1.0, 0.0, parameters)
    build = build_list_index if kind == "lists" else build_faiss_index
    return build(vectors, kind, parameters, folder)


def settings_to_try(vectors: Matrix) -> list[tuple[str, str | None]]:
    """Kinds of index, and names of them, that are worth trying for unit rows [count, dimension].

    Lists of the usual length, of half and of twice that; FAISS's codes of one, two or three dimensions each, of
    dimensions turned so that they hold most (OPQ, Ge et al. 2013), and in lists of some thousand rows.
    """
    if len(vectors) < _FEWEST_ROWS:
        return [("exact", None)]
    return [("exact", None), *_lists_to_try(vectors), *factories_to_try(*vectors.shape)]


def _lists_to_try(vectors: Matrix) -> list[tuple[str, str | None]]:
    if (missing := missing_kernel("embeddings.search")) is not None:
        _log.warning("The search kernel is missing, so only indexes of FAISS are tried: %s", missing)
        return []
    return [("lists", factory) for factory in lists_to_try(*vectors.shape)]
