"""The served models: opened once, asked through a bounded cache, and replaced in one step."""

import fcntl
import hashlib
import json
import mmap
import os
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import faiss
from flask import Flask, current_app

from embeddings import Answer, EmbeddingsError, Failure, ModelError, Options
from embeddings import ask_many as ask_model
from embeddings.answers import ask_in_blocks
from embeddings.catalogue import load_word_vectors, renew
from embeddings.errors import error_from_dict
from embeddings.models import WordVectors
from embeddings.query import literal
from embeddings.search import Index, search_by_one_thread
from service.host.logs import log
from service.host.metrics import count_cache, set_cache_size
from service.host.settings import Settings
from service.host.uploaded_models import uploaded_models

MOST_CACHED = 100
"""Of a larger batch hardly a query is asked again, and all of them would drive out what others ask for."""


class UnknownModel(EmbeddingsError):
    """No served model has this name."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        self.suggestions = list(names)
        super().__init__(f"There is no model '{name}' here. There are: {', '.join(names)}.")


@lru_cache(maxsize=256)
def printed(options: Options) -> str:
    """``options`` as text, which is made once for all queries with the same ones."""
    return repr(options)


def _key(model: str, query: str, options: Options) -> str:
    """A query, to which model and how it is answered: a text, whose hash is computed once."""
    return f"{model}\0{printed(options)}\0{query}"


class Cache:
    """The most recent answers, up to the size of ``size`` answers of ten words. Safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: OrderedDict[str, Answer | Failure] = OrderedDict()
        self._taken = self._told = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Answer | Failure | None:
        return self.get_each([key])[0]

    def get_each(self, keys: Sequence[str]) -> list[Answer | Failure | None]:
        with self._lock:
            found = list(map(self._kept.get, keys))
            for key, answer in zip(keys, found, strict=True):
                if answer is not None:
                    self._kept.move_to_end(key)
        missing = found.count(None)
        count_cache(len(found) - missing, missing)
        return found

    def put(self, key: str, answer: Answer | Failure) -> None:
        self.put_each([(key, answer)])

    def put_each(self, answers: Iterable[tuple[str, Answer | Failure]]) -> None:
        if not self.size:
            return
        with self._lock:
            for key, answer in answers:
                if self._kept.setdefault(key, answer) is answer:
                    self._taken += _place(answer)
                while self._taken > self.size:
                    self._taken -= _place(self._kept.popitem(last=False)[1])
            if self._told != len(self._kept):
                self._told = len(self._kept)
                set_cache_size(self._told)


def _place(answer: Answer | Failure) -> int:
    """The size of an answer in memory, relative to an answer of ten words: clients choose how long answers are."""
    if isinstance(answer, Failure):
        return 1 + len(answer.query) // 440
    explained = 1 if answer.explanation is None else 3
    return 1 + (answer.size * explained + len(answer.query) // 40) // 11


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models that are open at one time, and their cached answers."""

    models: dict[str, WordVectors]
    fingerprints: dict[str, str]
    cache: Cache = field(compare=False)


class ServedModels:
    """The open models by name. `reload` replaces all of them or none. Processes forked from this one see a counter in
    shared memory, and open the new models before they answer the next request: if one reloads, all do.
    """

    def __init__(self, settings: Settings) -> None:
        search_by_one_thread()
        faiss.omp_set_num_threads(1)  # a server answers several requests at a time; and OpenMP does not survive a fork
        self.settings = settings
        self._shared = memoryview(mmap.mmap(-1, 8)).cast("q")
        """How often the models were exchanged, for all processes."""
        self._lock = threading.Lock()
        self._between_processes, name = tempfile.mkstemp(prefix="thisplusthat-reload-")
        os.unlink(name)  # open as long as this lives, and inherited by what is forked
        weakref.finalize(self, os.close, self._between_processes)
        self._generation = 0
        self.started = time.time()
        self.ready = False
        """Whether this process has answered a query."""
        self.away = False
        """Whether it could not, at its start, since a model is where nobody answers."""
        self._opened = self._open()

    @property
    def places(self) -> tuple[str, ...]:
        """The models to serve: those in the settings, and those that were uploaded."""
        uploaded = uploaded_models() if self.settings.uploads else ()
        return (*self.settings.models, *(name for name in uploaded if name not in self.settings.models))

    @property
    def names(self) -> list[str]:
        """The names of the models, the default one first."""
        return list(self.opened.models)

    @property
    def opened(self) -> ModelSet:
        """The models as they are now."""
        if self._shared[0] != self._generation:
            self._follow()
        return self._opened

    def model(self, name: str | None = None) -> WordVectors:
        """The model called ``name``, or the default one. Raises `UnknownModel`."""
        return _find(self.opened, name)

    def fingerprint(self, name: str | None = None) -> str:
        """A hash of all of a model's files, by their checksums, and of its card."""
        return self.opened.fingerprints[self.model(name).name]

    def ask(self, query: str, options: Options | None = None, model: str | None = None) -> Answer:
        """Answer one query. Raises `QueryError`, `UnknownWord` or `UnknownModel`."""
        options = options or Options()
        opened = self.opened
        asked = _find(opened, model)
        key = _key(asked.name, query, options)
        answer = opened.cache.get(key)
        if answer is None:
            [answer] = ask_model(asked, [query], options)
            self.ready = True
            opened.cache.put(key, answer)
        if isinstance(answer, Failure):
            raise error_from_dict(answer.error.as_dict())  # a new one: each time it is raised, an error holds more
        return answer

    def ask_many(
        self, queries: Sequence[str], options: Options | None = None, model: str | None = None
    ) -> list[Answer | Failure]:
        """Answers and failures, each in its place; what the cache has is not computed."""
        found = dict(self.ask_each(queries, options, model))
        return [found[text] for text in queries]

    def ask_each(
        self, queries: Sequence[str], options: Options | None = None, model: str | None = None
    ) -> Iterator[tuple[str, Answer | Failure]]:
        """Each different query with its answer or failure: first those that the cache has. More than `MOST_CACHED` go
        past it.
        """
        options = options or Options()
        opened = self.opened
        asked = _find(opened, model)
        texts = list(dict.fromkeys(queries))
        if len(texts) > MOST_CACHED:
            yield from zip(texts, chain.from_iterable(ask_in_blocks(asked, texts, options)), strict=True)
            self.ready = True
            return
        manner = _key(asked.name, "", options)
        keys = {text: manner + text for text in texts}
        missing = []
        for text, answer in zip(texts, opened.cache.get_each(list(keys.values())), strict=True):
            if answer is None:
                missing.append(text)
            else:
                yield text, answer
        if not missing:
            return
        places = iter(missing)
        for answers in ask_in_blocks(asked, missing, options):
            found = [(next(places), answer) for answer in answers]
            opened.cache.put_each([(keys[text], answer) for text, answer in found])
            yield from found
        self.ready = True

    def warm(self) -> None:
        """Answer a query with every model. Each process does this before it reports that it is ready."""
        self.away = True
        for model in self.opened.models.values():
            _try(model)
        self.away, self.ready = False, True

    def reload(self) -> list[str]:
        """Open every model anew, fetching those at a URL that have changed there, compare all checksums, and exchange
        all at once; gives the names that changed.

        Raises `ModelError` if one fails, and then all go on as they were.
        """
        with self._lock, self._alone():
            for name in self.places:
                renew(name)
            before, opened = self._opened, self._open()
            for model in opened.models.values():
                model.check()
                _try(model)
            self._opened = opened
            self._generation = self._shared[0] + 1
            self._shared[0] = self._generation
        return [name for name, mark in opened.fingerprints.items() if before.fingerprints.get(name) != mark]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from reloading. Record locks belong to a process and end with it."""
        fcntl.lockf(self._between_processes, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._between_processes, fcntl.LOCK_UN)

    def _follow(self) -> None:
        """Open the models that another process has checked and replaced."""
        with self._lock:
            generation = self._shared[0]
            if generation == self._generation:
                return
            try:
                self._opened = self._open()
            except ModelError as error:
                log("error", "models are not exchanged in this process", reason=str(error))
            self._generation = generation  # whatever came: one attempt, not one a request; others wait for it till now

    def _open(self) -> ModelSet:
        models: dict[str, WordVectors] = {}
        for name in self.places:
            model = load_word_vectors(name)
            if model.name in models:
                raise ModelError(f"Two models to serve are called '{model.name}'. Leave one out, or import it anew.")
            if isinstance(model.index, Index):
                model.index.load()  # now: processes forked from this one share its memory
            models[model.name] = model
        fingerprints = {name: _fingerprint(model) for name, model in models.items()}
        return ModelSet(models, fingerprints, Cache(self.settings.cache_answers))


def _find(opened: ModelSet, name: str | None) -> WordVectors:
    if name is None:
        return next(iter(opened.models.values()))
    if name not in opened.models:
        raise UnknownModel(name, list(opened.models))
    return opened.models[name]


def _fingerprint(model: WordVectors) -> str:
    return hashlib.sha256(json.dumps(model.manifest.as_dict(), sort_keys=True).encode()).hexdigest()[:32]


def _try(model: WordVectors) -> None:
    """Answer a query and ignore the answer, so that no user waits for what the first query loads."""
    words = model.vocabulary.words(range(min(3, len(model))))
    ask_model(model, [" + ".join(map(literal, words))])


def served_models_of_app(app: Flask | None = None) -> ServedModels:
    """The models that ``app`` serves, or without one the app that answers this request."""
    found: ServedModels = (app or current_app).extensions["thisplusthat"]
    return found
