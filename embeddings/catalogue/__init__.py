"""Models by name: the home folder, the default model, copies of remote ones."""

from embeddings.catalogue.bundled import DEFAULT_MODEL, GLOVE, OWN_MODEL, measured_index
from embeddings.catalogue.catalogue import (
    Listing,
    has_copy,
    home,
    is_in_milvus,
    list_models,
    load_model,
    load_word_vectors,
    model_path,
    model_place,
    pull,
    renew,
    require_own,
)

__all__ = [
    "DEFAULT_MODEL",
    "GLOVE",
    "OWN_MODEL",
    "Listing",
    "has_copy",
    "home",
    "is_in_milvus",
    "list_models",
    "load_model",
    "load_word_vectors",
    "measured_index",
    "model_path",
    "model_place",
    "pull",
    "renew",
    "require_own",
]
