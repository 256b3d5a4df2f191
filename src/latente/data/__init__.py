"""Data: sources by name, each giving disjoint splits of uint8 images; no Keras here."""

from latente.data.cache import cache_directory, data_directory
from latente.data.dataset import Dataset, Images, Split, binarize
from latente.data.images import picture_to_image, read_image
from latente.data.memory import ARRAY, hold, keep, kept
from latente.data.sources import Source, absolute, common_options, load, names, options, source_named, sources

__all__ = [
    "ARRAY",
    "Dataset",
    "Images",
    "Source",
    "Split",
    "absolute",
    "binarize",
    "cache_directory",
    "common_options",
    "data_directory",
    "hold",
    "keep",
    "kept",
    "load",
    "names",
    "options",
    "picture_to_image",
    "read_image",
    "source_named",
    "sources",
]
