"""Words in a plane: pictures of some words, and the map of all."""

from embeddings.plotting.picture import PictureError, Projection, arrange, draw, project
from embeddings.plotting.vocabulary_map import MapMethod, MapParameters, VocabularyMap, compute_map, make_map, open_map

__all__ = [
    "MapMethod",
    "MapParameters",
    "PictureError",
    "Projection",
    "VocabularyMap",
    "arrange",
    "compute_map",
    "draw",
    "make_map",
    "open_map",
    "project",
]
