"""The sources by name. A source is one decorated function in a module of this package; nothing else lists it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from latente.data.cache import data_directory
from latente.data.dataset import LARGE, Binarize, Dataset, Split, binarize, chunks, nbytes
from latente.data.kinds import not_read
from latente.data.splitting import thin
from latente.discovery import import_all, import_plugins
from latente.errors import UserError
from latente.options import Option, did_you_mean, options_of, summary_of

STATIC_SEED = 2008
_SOURCES: dict[str, Source] = {}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A place that images come from.

    Attributes:
        name: What the user writes; ``folder:PATH`` for a source that reads the user's own path, ``hf:NAME``.
        size: Number and shape of the images, for people.
        function: ``function(where, **options) -> Dataset``; ``where`` is the data directory, or what follows the colon.
        here: Whether its files are in a data directory; None for a source that needs none.
        fetch: Brings the files into a data directory, or raises UserError that says how to.
        reads: Whether it reads what is at a path, so that the path alone names it; None for a source that takes none.
        in_memory: Whether a program holds its images, so that its name alone says nothing; it is not listed.
    """

    name: str
    size: str
    function: Callable[..., Dataset]
    here: Callable[[Path], bool] | None = None
    fetch: Callable[[Path], Any] | None = None
    reads: Callable[[Path], bool] | None = None
    in_memory: bool = False

    @property
    def takes_path(self) -> bool:
        """Whether the name ends in the user's own path, or in a name that others gave."""
        return ":" in self.name

    @property
    def kind(self) -> str:
        """The name without the path in it."""
        return self.name.partition(":")[0]

    @property
    def summary(self) -> str:
        """One line on what it is: the summary of the function's docstring."""
        return summary_of(self.function).rstrip(".")


def source(
    name: str,
    *,
    size: str,
    here: Callable[[Path], bool] | None = None,
    fetch: Callable[[Path], Any] | None = None,
    reads: Callable[[Path], bool] | None = None,
    in_memory: bool = False,
) -> Callable[[Callable[..., Dataset]], Callable[..., Dataset]]:
    """Declares a source: ``function(where, *, option=default, ...)`` with a Google style docstring. See `Source`."""

    def declare(function: Callable[..., Dataset]) -> Callable[..., Dataset]:
        _SOURCES[name] = Source(name, size, function, here, fetch, reads, in_memory)
        return function

    return declare


def sources() -> tuple[Source, ...]:
    """Every source that can be named, those that read the user's own path last."""
    named = [each for each in _every().values() if not each.in_memory]
    return tuple(sorted(named, key=lambda each: (each.takes_path, each.name)))


def _every() -> dict[str, Source]:
    import_all(__package__)
    import_plugins("latente.data")
    return _SOURCES


def names() -> tuple[str, ...]:
    """The name of every source."""
    return tuple(each.name for each in sources())


def source_named(name: str) -> tuple[Source, Path | None]:
    """The source behind a name such as ``mnist`` or ``folder:photos``, and the path in it.

    A path alone, such as ``photos`` or ``./mnist``, is read by the source that fits what is there.

    Raises:
        UserError: No such source (with the nearest name), nothing that is read yet, or a path is missing.
    """
    known = _every()
    kind, _, path = name.partition(":")
    kinds = {each.kind: each for each in known.values() if each.takes_path}
    if path and kind in kinds:
        return kinds[kind], Path(path).expanduser()
    if name in known and not known[name].takes_path:
        return known[name], None
    alone = Path(name).expanduser()
    if name and alone.exists():
        for each in kinds.values():
            if each.reads and each.reads(alone):
                return each, alone
        raise UserError(not_read(alone))
    if kind in kinds:
        whole = kinds[kind].name
        advice = f" '{kind}' needs a {whole.partition(':')[2].lower()}: write {whole}."
    elif len(alone.parts) > 1 or alone.suffix:
        advice = " There is no such file or folder."
    else:
        advice = did_you_mean(name, names())
    raise UserError(f"The data must be one of {', '.join(names())}. Received '{name}'.{advice}")


def absolute(name: str) -> str:
    """A name that means the same in every folder: of the user's own files, their kind and their absolute path."""
    chosen, path = source_named(name)
    return f"{chosen.kind}:{path.absolute()}" if path and path.exists() else name


def options(name: str) -> dict[str, Option]:
    """The options of a source by name: its function's own, then those that all take."""
    return options_of(source_named(name)[0].function) | common_options()


def common_options() -> dict[str, Option]:
    """The options that every source takes."""
    return options_of(_common)


def load(name: str, *, data_dir: str | None = None, **options: Any) -> Dataset:
    """Loads a data set by name.

    Args:
        name: ``fashion-mnist``, ``mnist``, ``celeba``, ``digits``, ``shapes``, ``folder:PATH``, ``npz:PATH``,
            ``npy:PATH`` or ``hf:NAME``; `sources` lists them. A path alone stands for the source that reads it.
        data_dir: The folder of the data sets; default $LATENTE_DATA_DIR, else the user's cache folder.
        **options: What this source takes (`options` lists it), and for every source ``subset`` (so many random
            train images alone) and ``binarize``: ``"none"``, ``"static"`` (black-and-white images drawn once, here)
            or ``"dynamic"`` (drawn anew by the trainer).

    Returns:
        Disjoint train, validation and test splits of uint8 images (N, H, W, C). The split depends on the data and
        the options alone, never on a training seed.

    Raises:
        UserError: An unknown name or option, missing or damaged files, pixels outside [0, 255], shared splits.
    """
    chosen, path = source_named(name)
    if path and not name.startswith(f"{chosen.kind}:"):
        name = f"{chosen.kind}:{name}"
    values = checked(name, options | {"data_dir": data_dir})
    own = {key: value for key, value in values.items() if key not in common_options()}
    return prepared(chosen.function(path or data_directory(data_dir), **own), name, values)


def prepared(dataset: Dataset, name: str, values: Mapping[str, Any]) -> Dataset:
    """What a source gave, with the options that every source takes."""
    dataset = replace(thin(dataset, values["subset"]), name=name, source={"name": name, **values})
    for note in dataset.notes:
        _log.warning(note)
    if dataset.binarize != "static":
        return dataset
    train, validation, test = (_drawn(split, seed) for seed, split in enumerate(dataset.splits.values()))
    return replace(dataset, train=train, validation=validation, test=test)


def _common(*, subset: int = 0, data_dir: str | None = None, binarize: Binarize = "none") -> None:
    """The options that `load` handles for every source.

    Args:
        subset: Use only so many random images of the train split, for quick runs; 0 uses all.
        data_dir: Folder of the data sets; by default $LATENTE_DATA_DIR, else the user's cache folder.
        binarize: Black-and-white images, white with the probability of the grey level: none (grey levels stay),
            static (drawn once, always the same) or dynamic (drawn anew each epoch).
    """


def checked(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all options, defaults included, after a check of names and types."""
    known = options(name)
    for key in given:
        if key not in known:
            raise UserError(
                f"The options of '{name}' are {', '.join(known)}. Received '{key}'.{did_you_mean(key, known)}"
            )
    return {
        key: option.parse(given.get(key, option.default), f"The option {key} of '{name}'")
        for key, option in known.items()
    }


def _drawn(split: Split, seed: int) -> Split:
    """The split with its images binarized once, always with the same draw."""
    if nbytes(split.images) > 8 * LARGE:
        raise UserError(
            f"binarize='static' holds the images in memory, at most 2 GiB. Received {len(split):,} images of "
            f"{nbytes(split.images) / 2**30:.1f} GiB. Use binarize='dynamic', or fewer images."
        )
    rng = np.random.default_rng((STATIC_SEED, seed))
    return replace(split, images=np.concatenate([binarize(chunk, rng) for chunk in chunks(split.images)]))
