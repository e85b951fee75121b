"""A model in Milvus: opened by its card, and asked like one in a folder.

The card is in the collection that the address names: model.json, how to search, and the names of the collections that
hold words, spellings and n-grams. These end in a fingerprint of their content, so a model is exchanged by its card.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from embeddings.errors import ModelError, QueryError
from embeddings.milvus.connection import Address, MilvusConnection
from embeddings.milvus.vocabulary import MOST_HITS, Entry, MilvusVocabulary
from embeddings.models import Manifest
from embeddings.search import Asked, Matrix, Rows, SearchKind, blocks, without_rows

_FORMAT_VERSION = 1
_CANDIDATES = 1500
"""How many finds 3CosMul ranks for ten results, of each of its two searches; see `embeddings.search`."""
_HITS_A_CALL = 100_000
_SECONDS_A_TARGET = 0.2
_SPARE = 2
"""More rows than are wanted: of equal ones at the end Milvus gives any, and the lowest row comes first here."""
_ALL_VECTORS = 200_000
"""So many vectors are fetched at the most, where a search has to compare with every one here."""
_PART = 15_000
"""Characters of the card in an entity, which in UTF-8 are fewer than Milvus's 65,535 bytes."""


@dataclass(frozen=True, slots=True)
class Collections:
    """The names of a model's collections, all but that of its card."""

    words: str
    spellings: str
    ngrams: str | None

    @classmethod
    def of(cls, collection: str, fingerprint: str, *, ngrams: bool) -> Self:
        return cls(
            f"{collection}_words_{fingerprint}",
            f"{collection}_spellings_{fingerprint}",
            f"{collection}_ngrams_{fingerprint}" if ngrams else None,
        )


@dataclass(frozen=True, slots=True)
class MilvusCard:
    """What the collection of a model's address holds."""

    manifest: Manifest
    collections: Collections
    cells: int
    """Parts that the vectors of a segment are divided into; with one, every search is exact."""
    probed: int
    """Parts that a search looks at."""
    total_count: int = 0
    """How often all words together occur in the corpus; 0 if unknown."""

    def as_json(self) -> str:
        content = {"format_version": _FORMAT_VERSION, "model": self.manifest.as_dict()}
        content |= {"collections": asdict(self.collections), "cells": self.cells, "probed": self.probed}
        content["total_count"] = self.total_count
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """KeyError, TypeError, ValueError or RecursionError for what is none."""
        content = json.loads(text)
        if content["format_version"] > _FORMAT_VERSION:
            raise ModelError("The model was pushed by a newer version of this program. Update it.")
        manifest, collections = Manifest.from_dict(content["model"]), Collections(**content["collections"])
        cells, probed = int(content["cells"]), int(content["probed"])
        return cls(manifest, collections, cells, probed, int(content.get("total_count", 0)))


class MilvusIndex:
    """Search in Milvus as in `embeddings.search.Index`. Scores are exact, for Milvus keeps the vectors as they are."""

    is_exact = False

    def __init__(self, connection: MilvusConnection, card: MilvusCard, vocabulary: MilvusVocabulary) -> None:
        self._connection = connection
        self._card = card
        self._vocabulary = vocabulary

    def __len__(self) -> int:
        return self._card.manifest.count

    def candidates_for_products(self, k: int) -> int:
        """How many candidates to take of each of the two searches of 3CosMul."""
        return min(max(_CANDIDATES, _CANDIDATES * k // 20), MOST_HITS)

    def search(
        self,
        targets: Matrix,
        k: int,
        *,
        exact: bool = False,
        restrict: int | None = None,
        asked: Asked = None,  # noqa: ARG002  # Milvus searches alike for all
    ) -> tuple[Matrix, Rows]:
        """As `embeddings.search.Index.search`; never more than 16,384 rows."""
        every = exact or restrict is not None
        scores, rows, _ = self._search(targets, k, self._card.cells if every else self._card.probed, restrict, ["word"])
        return scores, rows

    def nearest(
        self,
        target: Matrix,
        k: int,
        *,
        excluded: Sequence[int] = (),
        exact: bool = False,
        restrict: int | None = None,
        asked: SearchKind | None = None,
    ) -> tuple[list[float], list[int]]:
        """As `embeddings.search.Index.nearest`."""
        wanted = k + len(excluded) + _SPARE
        [scores], [rows] = self.search(target[None], wanted, exact=exact, restrict=restrict, asked=asked)
        return without_rows(scores, rows, excluded, k)

    def find_candidates(self, targets: Matrix, wanted: int) -> Rows:
        """The rows nearest to each target, [targets, wanted]; their vectors are here afterwards."""
        fields = ["word", "count", "vector"]
        _, rows, hits = self._search(targets, wanted, self._card.probed, None, fields)
        entries = {
            int(hit["row"]): Entry(hit["word"], int(hit["count"]), np.asarray(hit["vector"], np.float32))
            for hit in hits
        }
        self._vocabulary.learn({}, entries)
        return rows

    def vectors_of(self, rows: Rows | Sequence[int]) -> Matrix:
        """The unit vectors of ``rows``, float32 [..., dimension]."""
        wanted = np.asarray(rows, np.int64)
        entries = self._vocabulary.entries(wanted.ravel().tolist())
        dimension = self._card.manifest.dimension
        flat = np.stack([entry.vector for entry in entries]) if entries else np.empty((0, dimension), np.float32)
        return flat.reshape(*wanted.shape, dimension)

    def first_vectors(self, number: int) -> Matrix:
        """The unit vectors of the first rows. Raises `QueryError` where that would be too many to fetch."""
        if number > _ALL_VECTORS:
            raise QueryError(
                f"This would fetch {number:,} vectors from Milvus. Ask without --exact, or restrict the search to "
                f"{_ALL_VECTORS:,} words."
            )
        return self.vectors_of(np.arange(number))

    def _search(
        self, targets: Matrix, k: int, probed: int, restrict: int | None, fields: list[str]
    ) -> tuple[Matrix, Rows, list[dict[str, Any]]]:
        """Scores and rows [targets, k], best first, the lower row first among equals, and the hits; -1 for none."""
        k = min(k, restrict or len(self), len(self), MOST_HITS)
        scores = np.full((len(targets), k), -np.inf, np.float32)
        rows = np.full((len(targets), k), -1, np.int64)
        every_hit: list[dict[str, Any]] = []
        for some in blocks(len(targets), max(1, _HITS_A_CALL // k)):
            found = self._connection.call(
                "search",
                self._card.collections.words,
                data=list(targets[some]),
                anns_field="vector",
                limit=k,
                filter="" if restrict is None else f"row < {restrict}",
                output_fields=["row", *fields],
                search_params={"metric_type": "IP", "params": {"nprobe": probed} if self._card.cells > 1 else {}},
                seconds=10 + _SECONDS_A_TARGET * (some.stop - some.start),
            )
            for place, hits in zip(range(some.start, some.stop), found, strict=True):
                ranked = sorted((-hit["distance"], int(hit["entity"]["row"])) for hit in hits)
                scores[place, : len(ranked)] = [-score for score, _ in ranked]
                rows[place, : len(ranked)] = [row for _, row in ranked]
                every_hit += [hit["entity"] for hit in hits]
        self._vocabulary.learn({int(hit["row"]): hit["word"] for hit in every_hit})
        return scores, rows, every_hit


class MilvusModel:
    """A model in Milvus, opened: no word and no vector of it is kept here but those asked for last."""

    def __init__(self, connection: MilvusConnection, card: MilvusCard) -> None:
        self.manifest = card.manifest
        self.collections = card.collections
        self._connection = connection
        self.total_count = card.total_count
        names = card.collections
        self.vocabulary = MilvusVocabulary(connection, names.words, names.spellings, card.manifest.count)
        self.index = MilvusIndex(connection, card, self.vocabulary)

    @property
    def name(self) -> str:
        return self.manifest.card.name

    @property
    def dimension(self) -> int:
        return self.manifest.dimension

    @property
    def place(self) -> str:
        return str(self._connection.address)

    def __len__(self) -> int:
        return self.manifest.count

    def __repr__(self) -> str:
        return f"<MilvusModel {self.name}: {len(self):,} words × {self.dimension} at {self.place}>"

    def vectors_of(self, rows: Rows | Sequence[int]) -> Matrix:
        """The unit vectors of ``rows``, float32 [rows, dimension]."""
        return self.index.vectors_of(rows)

    def count_of(self, row: int) -> int:
        """How often the word of a row occurs in the corpus; 0 if unknown."""
        return self.vocabulary.entries([row])[0].count

    def display(self, row: int) -> str | None:
        """Always None: the collections hold words as they stand in the vocabulary."""

    def description(self, row: int) -> str | None:
        """Always None, for the collections hold no descriptions."""

    def displays(self, rows: Sequence[int]) -> Sequence[str | None]:
        """`display` of each of ``rows``."""
        return (None,) * len(rows)

    descriptions = displays

    def ngram_vectors(self, buckets: Sequence[int]) -> Matrix:
        """The vectors of character n-grams [buckets, dimension]; only of models whose card has ``subwords``."""
        assert self.collections.ngrams is not None
        found = fetch_vectors(self._connection, self.collections.ngrams, "bucket", set(buckets))
        return np.stack([found[bucket] for bucket in buckets])

    def check(self) -> None:
        """Compare the number of words in Milvus with that of the card. Raises `ModelError`."""
        there = count_entities(self._connection, self.collections.words)
        if there != len(self):
            raise ModelError(f"{self.place} has {there:,} words where its card says {len(self):,}.")

    def close(self) -> None:
        """Close the channel; a query opens a new one."""
        self._connection.close()


def open_milvus(address: str) -> MilvusModel:
    """Open the model at ``milvus://host:port/collection``. Raises `ModelError`."""
    connection = MilvusConnection(Address.parse(address))
    card = read_card(connection)
    if card is None:
        place = connection.address
        raise ModelError(f"There is no model at {place}. Bring one there by: thisplusthat push MODEL {place}")
    return MilvusModel(connection, card)


def read_card(connection: MilvusConnection) -> MilvusCard | None:
    """The card in the collection of the connection's address, None if there is none. Raises `ModelError`."""
    collection = connection.address.collection
    if not connection.call("has_collection", collection):
        return None
    if not is_card(connection, collection):
        raise ModelError(
            f"{connection.address} is a collection with other content, not a model pushed by this program."
        )
    found = connection.call(
        "query", collection, filter="part >= 0", output_fields=["part", "parts", "content"], consistency_level="Strong"
    )
    if not found:
        return None
    by_part = {int(entity["part"]): entity for entity in found}
    try:
        text = "".join(by_part[part]["content"] for part in range(int(by_part[0]["parts"])))
        return MilvusCard.from_json(text)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"The card of {connection.address} is damaged: {error!r}. Push the model again.") from error


def is_card(connection: MilvusConnection, collection: str) -> bool:
    """Whether a collection is one that can hold a card."""
    fields = {field["name"] for field in connection.call("describe_collection", collection)["fields"]}
    return {"part", "parts", "content"} <= fields


def card_entities(card: MilvusCard) -> list[dict[str, Any]]:
    """``card`` as entities of its collection, each with a part of it."""
    text = card.as_json()
    parts = [text[start : start + _PART] for start in range(0, len(text), _PART)]
    nowhere = np.zeros(2, np.float32)  # Milvus wants a vector in every collection
    return [
        {"part": part, "parts": len(parts), "content": content, "nowhere": nowhere}
        for part, content in enumerate(parts)
    ]


def count_entities(connection: MilvusConnection, collection: str) -> int:
    """How many entities there are, all that were inserted included."""
    [counted] = connection.call(
        "query", collection, filter="", output_fields=["count(*)"], consistency_level="Strong", seconds=60
    )
    return int(counted["count(*)"])


def fetch_vectors(connection: MilvusConnection, collection: str, key: str, wanted: set[int]) -> dict[int, Matrix]:
    """The vectors of the entities whose ``key`` is among ``wanted``."""
    hits = connection.call("query", collection, filter=f"{key} in {sorted(wanted)}", output_fields=[key, "vector"])
    return {int(hit[key]): np.asarray(hit["vector"], np.float32) for hit in hits}
