"""A model of a folder → Milvus: in batches, from where an interrupted push stopped, and looked at when it is there."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any

import numpy as np

from embeddings.errors import ModelError
from embeddings.milvus.connection import Address, MilvusConnection, quoted
from embeddings.milvus.model import (
    Collections,
    MilvusCard,
    MilvusModel,
    card_entities,
    count_entities,
    is_card,
    read_card,
)
from embeddings.milvus.vocabulary import LETTERS, count_letters
from embeddings.models import Model, folded_key
from embeddings.progress import Progress, no_progress
from embeddings.search import INDEX_FILES, analogy_targets, nearest_but_inputs

_EXACT_BELOW = 20_000
_MOST_CELLS = 16_384
_BATCH_ROWS = 10_000
_BATCH_NUMBERS = 2_000_000
_LONGEST = 65_535
_SECONDS = 300.0
"""Time for an insertion, a flush or an index: a cluster under load takes its time."""
_RESULTS = 10

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PushReport:
    """The result of a push."""

    words: int
    inserted: int
    """Entities that this push inserted: fewer than there are, where another had been interrupted."""
    seconds: float
    recall: float
    cells: int
    probed: int


@dataclass(frozen=True, slots=True)
class _Table:
    """Entities to insert: how many there are, and those from one to another."""

    collection: str
    key: str
    size: int
    entities: Callable[[int, int], list[Entity]]
    index: dict[str, Any]
    fields: Callable[[Any], None]


def push(model: Model, address: str, *, replace_other: bool = False, progress: Progress = no_progress) -> PushReport:
    """Bring ``model`` to ``milvus://host:port/collection``; what is there of it already stays.

    Until all is there and was looked at, a model at the address goes on being served from its own collections. Raises
    `ModelError`, also for a collection with other content unless ``replace_other``.
    """
    started = time.perf_counter()
    connection = MilvusConnection(Address.parse(address))
    try:
        return _push(model, connection, replace_other, progress, started)
    finally:
        connection.close()


def _push(
    model: Model, connection: MilvusConnection, replace_other: bool, progress: Progress, started: float
) -> PushReport:
    collection = connection.address.collection
    names = Collections.of(collection, fingerprint(model), ngrams=model.subwords is not None)
    others = _other_content(connection, names)
    if others and not replace_other:
        raise ModelError(
            f"{connection.address} has other content already ({', '.join(others)}). "
            "Choose another collection, or add --replace."
        )
    cells = 1 if len(model) < _EXACT_BELOW else min(isqrt(len(model)), _MOST_CELLS)
    inserted = sum(_fill(connection, table, progress, anew=replace_other) for table in _tables(model, names, cells))
    card, recall = _measure(model, connection, names, cells, progress)
    if collection in others and not is_card(connection, collection):
        connection.call("drop_collection", collection)
    _write_card(connection, card)
    for other in others:
        if other != collection:
            connection.call("drop_collection", other)
    return PushReport(len(model), inserted, time.perf_counter() - started, recall, cells, card.probed)


def fingerprint(model: Model) -> str:
    """A hash of what is pushed: the checksums of the model's files, its search index aside."""
    sums = {name: entry.sha256 for name, entry in model.manifest.files.items() if name not in INDEX_FILES}
    return hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()[:12]


def _other_content(connection: MilvusConnection, names: Collections) -> list[str]:
    """The collections at the address that are no part of the model to push."""
    collection = connection.address.collection
    ours = {names.words, names.spellings, names.ngrams}
    pattern = re.compile(rf"{re.escape(collection)}_(words|spellings|ngrams)_[0-9a-f]{{12}}")
    others = [name for name in connection.call("list_collections") if pattern.fullmatch(name) and name not in ours]
    if connection.call("has_collection", collection):
        card = read_card(connection) if is_card(connection, collection) else None
        unfinished = card is None and is_card(connection, collection)
        if not unfinished and (card is None or card.collections != names):
            others.insert(0, collection)
    return others


def _tables(model: Model, names: Collections, cells: int) -> list[_Table]:
    from pymilvus import DataType

    words = list(model.vocabulary)
    if any(len(word.encode()) > _LONGEST for word in words):
        raise ModelError(f"A word of {model.name} has more than {_LONGEST:,} bytes, which Milvus cannot hold.")
    spellings: dict[str, list[tuple[int, str]]] = {}
    for row, word in enumerate(words):
        spellings.setdefault(folded_key(word), []).append((row, word))
    folded = list(spellings)
    text: dict[str, Any] = {"datatype": DataType.VARCHAR, "max_length": _LONGEST}
    flat = {"index_type": "FLAT", "params": {}}
    cut = {"index_type": "IVF_FLAT", "params": {"nlist": cells}} if cells > 1 else flat

    def word_fields(schema: Any) -> None:
        schema.add_field("row", DataType.INT64, is_primary=True)
        schema.add_field("word", **text)
        schema.add_field("count", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=model.dimension)

    def word_entities(start: int, end: int) -> list[Entity]:
        return [
            {"row": row, "word": words[row], "count": int(model.counts[row]), "vector": model.vectors[row]}
            for row in range(start, end)
        ]

    def spelling_fields(schema: Any) -> None:
        schema.add_field("folded", is_primary=True, **text)
        schema.add_field("row", DataType.INT64)
        schema.add_field("spellings", DataType.JSON)
        schema.add_field("letters", DataType.FLOAT_VECTOR, dim=LETTERS)

    def spelling_entities(start: int, end: int) -> list[Entity]:
        letters = count_letters(folded[start:end])
        return [
            {"folded": key, "row": spellings[key][0][0], "spellings": spellings[key], "letters": counts}
            for key, counts in zip(folded[start:end], letters, strict=True)
        ]

    def ngram_fields(schema: Any) -> None:
        schema.add_field("bucket", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=model.dimension)

    def ngram_entities(start: int, end: int) -> list[Entity]:
        assert model.subwords is not None
        return [{"bucket": bucket, "vector": model.subwords[bucket]} for bucket in range(start, end)]

    by_vector = {"field_name": "vector", "metric_type": "IP"}
    by_letters = {"field_name": "letters", "metric_type": "L2"}
    tables = [
        _Table(names.words, "row", len(words), word_entities, by_vector | cut, word_fields),
        _Table(names.spellings, "folded", len(folded), spelling_entities, by_letters | flat, spelling_fields),
    ]
    if names.ngrams is not None and model.subwords is not None:
        size = len(model.subwords)
        tables.append(_Table(names.ngrams, "bucket", size, ngram_entities, by_vector | flat, ngram_fields))
    return tables


def _fill(connection: MilvusConnection, table: _Table, progress: Progress, *, anew: bool) -> int:
    """Insert what is missing, and see that all is there; gives how many entities were missing.

    With ``anew``, a collection that turns out to have another content is filled from the beginning.
    """
    name = table.collection
    _create(connection, name, table.fields, table.index)
    there = count_entities(connection, name)
    [sample] = table.entities(0, 1)
    numbers = max(len(value) for value in sample.values() if isinstance(value, np.ndarray))
    batch = max(1, min(_BATCH_ROWS, _BATCH_NUMBERS // numbers))
    stage = name.removeprefix(f"{connection.address.collection}_").partition("_")[0]
    # From the last batch of an interrupted push, which may be there in part. What is tried again, because an answer did
    # not come, must not be there twice: so it is upsert, never insert.
    first = there // batch * batch if there < table.size else table.size
    for start in range(first, table.size, batch):
        progress(stage, start, table.size)
        entities = table.entities(start, min(start + batch, table.size))
        connection.call("upsert", name, entities, seconds=_SECONDS)
    if there < table.size:
        progress(f"{stage}: index", table.size, table.size)
        connection.call("flush", name, seconds=_SECONDS)
    progress(f"{stage}: looking", table.size, table.size)
    if difference := _difference(connection, table, batch):
        if not anew:
            raise ModelError(f"{name} {difference}. Is another push at work? If not, push with --replace.")
        connection.call("drop_collection", name)
        return _fill(connection, table, progress, anew=False)
    return max(table.size - there, 0)


def _create(connection: MilvusConnection, name: str, fields: Callable[[Any], None], index: dict[str, Any]) -> None:
    if not connection.call("has_collection", name):
        from pymilvus import MilvusClient

        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        fields(schema)
        indexes = MilvusClient.prepare_index_params()
        indexes.add_index(**index)
        connection.call("create_collection", name, schema=schema, index_params=indexes, seconds=60)
    connection.call("load_collection", name, seconds=60)


def _difference(connection: MilvusConnection, table: _Table, batch: int) -> str:
    """What is not as it should be, if anything: the number of entities, or the first or the last of a batch."""
    there = count_entities(connection, table.collection)
    if there != table.size:
        return f"has {there:,} entities where {table.size:,} were pushed"
    starts = range(0, table.size, batch)
    places = sorted({*starts, *(min(start + batch, table.size) - 1 for start in starts)})
    wanted = {entity[table.key]: entity for place in places for entity in table.entities(place, place + 1)}
    keys = ", ".join(quoted(key) if isinstance(key, str) else str(key) for key in wanted)
    fields = list(next(iter(wanted.values())))
    found = connection.call(
        "query", table.collection, filter=f"{table.key} in [{keys}]", output_fields=fields, consistency_level="Strong"
    )
    same = {entity[table.key] for entity in found if _is_same(entity, wanted[entity[table.key]])}
    missing = next((key for key in wanted if key not in same), None)
    return "" if missing is None else f"lacks {missing!r}, or has another content for it"


def _is_same(found: Entity, pushed: Entity) -> bool:
    return all(
        np.allclose(found[name], value, atol=1e-6)
        if isinstance(value, np.ndarray)
        else found[name] == value
        if not isinstance(value, list)
        else [tuple(part) for part in found[name]] == value
        for name, value in pushed.items()
    )


def _measure(
    model: Model, connection: MilvusConnection, names: Collections, cells: int, progress: Progress
) -> tuple[MilvusCard, float]:
    """The card with the fewest cells to probe that reach the wanted recall, measured as for an index of a folder."""
    started = time.perf_counter()
    wanted = model.manifest.index.parameters
    targets, inputs = analogy_targets(model.vectors, wanted.targets, wanted.seed)
    truth = nearest_but_inputs(model.vectors, targets, inputs)
    probed, recall = max(1, cells // 16), 0.0
    while True:
        progress(f"recall with {probed} of {cells} cells", 0, 0)
        card = MilvusCard(model.manifest, names, cells, probed, model.total_count)
        found = MilvusModel(connection, card).index.search(targets, _RESULTS + inputs.shape[1])[1]
        recall = float(np.mean([np.isin(true, near).mean() for true, near in zip(truth, found, strict=True)]))
        if recall >= wanted.recall or probed >= cells:
            break
        probed = min(cells, probed * 2)
    kind, factory = "milvus", f"IVF{cells},Flat" if cells > 1 else "Flat"
    seconds = round(time.perf_counter() - started, 3)
    report = replace(
        model.manifest.index, kind=kind, factory=factory, candidates=0, recall=recall, build_seconds=seconds
    )
    return replace(card, manifest=replace(model.manifest, index=report)), recall


def _write_card(connection: MilvusConnection, card: MilvusCard) -> None:
    from pymilvus import DataType

    def fields(schema: Any) -> None:
        schema.add_field("part", DataType.INT64, is_primary=True)
        schema.add_field("parts", DataType.INT64)
        schema.add_field("content", DataType.VARCHAR, max_length=_LONGEST)
        schema.add_field("nowhere", DataType.FLOAT_VECTOR, dim=2)

    collection = connection.address.collection
    _create(connection, collection, fields, {"field_name": "nowhere", "index_type": "FLAT", "metric_type": "L2"})
    connection.call("upsert", collection, card_entities(card))
    connection.call("flush", collection, seconds=_SECONDS)
