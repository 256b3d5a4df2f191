"""A grid of runs in one folder: any option of a config may have several values."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from latente import data
from latente.data import Dataset
from latente.errors import UserError
from latente.files import file_name
from latente.model import AXES
from latente.model.choice import lookup
from latente.options import options_of, shown_value
from latente.training.callbacks import Diverged
from latente.training.config import DEFAULT_CHOICE, PLAIN, Config, completed, flag, flatten, once, resolve
from latente.training.run import Run
from latente.training.settings import Settings
from latente.training.trainer import resume, start


@dataclass(frozen=True)
class GridPoint:
    """One run of a grid.

    Attributes:
        name: The options that vary, as the name of a folder: ``beta=5,seed=1``.
        config: The complete config of the run.
    """

    name: str
    config: Config


class LoadedRun(Run):
    """A run that shares the data it was trained on with others.

    Args:
        path: The run directory.
        loaded: Data sets by fingerprint; what is missing is loaded when it is asked for, and added.
    """

    def __init__(self, path: str | Path, loaded: dict[str, Dataset]) -> None:
        super().__init__(path)
        self.loaded = loaded

    def data(self, data_dir: str | None = None) -> Dataset:
        """The data that the run was trained on; see ``Run.data``."""
        fingerprint = self.environment["data_fingerprint"]
        if fingerprint not in self.loaded:
            self.loaded[fingerprint] = super().data(data_dir)
        return self.loaded[fingerprint]


def comparable(config: Config) -> dict[str, Any]:
    """The options that a config gives by dotted name, as JSON has them, without the place of the data."""
    flat = dict(flatten(json.loads(json.dumps(config))))
    return {key: value for key, value in flat.items() if value is not None and key != "data.data_dir"}


def has_config(run: Run, config: Config) -> bool:
    """Whether a run has this config, with the numbers that it left to the size of the data."""
    return comparable(run.config) == comparable(completed(config, run.environment["images"]["train"]))


def grid_points(asked: Mapping[str, Any]) -> list[GridPoint]:
    """Every combination of the values that options have, each checked and completed.

    Args:
        asked: Options as for ``resolve``. A list holds several values; a tuple is one value.

    Returns:
        The points in the order of the options; the last option changes first.

    Raises:
        UserError: No option has several values, a value occurs twice, or a combination is no valid config.
    """
    values = {key: value if isinstance(value, list) else [value] for key, value in once(asked.items()).items()}
    varied = [key for key, those in values.items() if len(those) > 1]
    for key, those in values.items():
        if not those:
            raise UserError(f"{flag(key)} needs at least one value. Received an empty list.")
    if not varied:
        raise UserError(
            "A sweep needs an option with several values, such as --beta 1,5,10 or --seed 0,1,2. Received none."
        )
    points = {}
    for combination in itertools.product(*values.values()):
        config = resolve(dict(zip(values, combination, strict=True)))
        point = GridPoint(_name(config, varied), config)
        if point.name in points:
            raise UserError(f"Each value may be given once. Received {point.name} twice.")
        points[point.name] = point
    return list(points.values())


def _name(config: Config, varied: Sequence[str]) -> str:
    flat = dict(flatten(config))
    return ",".join(f"{flag(key)[2:]}={file_name(shown_value(flat[key]), keep='.+-')}" for key in varied)


def read_values(flags: Iterable[tuple[str, str | bool]], asked: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Read the values of flags: a flag may be repeated, and commas separate values.

    Commas stay where one value is itself a list (``--network.filters 32,64``): there only repetition gives several.

    Args:
        flags: Name and text of each flag in order, the same name as often as it was given.
        asked: Options from elsewhere, such as a config file: they may name the choices that the flags belong to.

    Raises:
        UserError: A value is empty, or it depends on the choice of another option what the commas mean.
    """
    texts: dict[str, list[Any]] = {}
    for name, text in flags:
        for key, value in flatten({name: text}):
            texts.setdefault(key, []).append(value)
    chosen = {key: [value] for key, value in flatten(asked)}
    chosen |= {key: _split(key, those) for key, those in texts.items() if key.endswith(".name")}
    return {key: _read(key, those, chosen) for key, those in texts.items()}


def _read(key: str, texts: list[Any], chosen: Mapping[str, list[Any]]) -> list[Any]:
    lists = {get_origin(kind) is tuple for kind in _types(key, chosen)}
    if len(lists) > 1 and any("," in str(text) for text in texts):
        raise UserError(
            f"{flag(key)} takes a list for one choice and a single value for another. Received "
            f"{', '.join(map(str, texts))}: repeat the flag once for each value."
        )
    return texts if lists == {True} else _split(key, texts)


def _split(key: str, texts: list[Any]) -> list[Any]:
    found = [part.strip() for text in texts for part in text.split(",")] if True not in texts else texts
    if "" in found:
        raise UserError(f"{flag(key)} has an empty value. Received {','.join(map(str, texts))!r}.")
    return found


def _types(key: str, chosen: Mapping[str, list[Any]]) -> list[Any]:
    """The types of an option under each choice that it may belong to; none for an unknown option."""
    section, _, name = key.rpartition(".")
    if section in AXES:
        names = chosen.get(f"{section}.name", [DEFAULT_CHOICE[section]])
        owners = [options_of(lookup(AXES[section], each, unlisted=True, asked=f"--{section}")) for each in names]
    elif section == "data":
        owners = [data.options(each) for each in chosen.get("data.name", [])]
    else:
        owners = [options_of(Settings)] if section == "training" else [PLAIN]
    return [options[name].type for options in owners if name in options]


def train_grid(
    points: Sequence[GridPoint], folder: str | Path, progress: bool = True, dataset: Dataset | None = None
) -> Iterator[Run]:
    """Train every point that is not trained yet, each in a run directory of its name below a folder.

    Args:
        points: From ``grid_points``.
        folder: Where the runs go. Those of the same sweep that are there already are kept, or resumed.
        progress: Whether to tell on standard error how it goes.
        dataset: The data, where they are loaded already.

    Yields:
        The run of each point when it is at its end. A point whose training diverges is told of and left out.

    Raises:
        UserError: The folder holds runs of another sweep; a point cannot be trained.
    """
    there = runs_in(folder)
    check_same_sweep(points, there)
    for other in there:
        if dataset and other.environment["data_fingerprint"] != dataset.fingerprint:
            raise UserError(f"{other.path} was trained on other images. Choose another folder, or give the same ones.")
    loaded = {dataset.fingerprint: dataset} if dataset else {}
    for i, point in enumerate(points, start=1):
        run = next((run for run in there if has_config(run, point.config)), None)
        path, state = Path(folder) / point.name, "train"
        if run:
            path, state = run.path, "finished before" if run.finished else "resume"
        if progress:
            print(f"[{i}/{len(points)}] {point.name}: {state}", file=sys.stderr, flush=True)
        try:
            run = ensure_trained(point.config, path, progress, loaded)
        except Diverged as error:
            print(f"{point.name} is left out of the comparison. {error}", file=sys.stderr)
            continue
        yield run


def ensure_trained(config: Config, path: Path, progress: bool, loaded: dict[str, Dataset]) -> LoadedRun:
    """The run of a config in a folder: found, gone on with where it was interrupted, or trained now.

    Args:
        config: From ``resolve``.
        path: The run directory.
        progress: Whether to tell on standard error how it goes.
        loaded: Data sets by fingerprint; what is missing is loaded and added.

    Raises:
        UserError: Something else is in the folder, or the run cannot be trained.
    """
    if not path.exists():
        return LoadedRun(start(config, path, progress, _data_of(config, loaded)).path, loaded)
    run = LoadedRun(path, loaded)
    if not has_config(run, config):
        raise UserError(f"{path} holds a run of another config. Choose another folder, or move it away.")
    if not run.finished:
        resume(run, config["data"]["data_dir"], progress)
    return run


def _data_of(config: Config, loaded: dict[str, Dataset]) -> Dataset:
    """The data of a config, loaded unless they are."""
    found = next((dataset for dataset in loaded.values() if dataset.source == config["data"]), None)
    if found is None:
        found = data.load(**config["data"])
        loaded[found.fingerprint] = found
    return found


def runs_in(folder: str | Path) -> list[Run]:
    """The run directories directly below a folder, by name; none where there is no folder."""
    found = []
    for path in sorted(Path(folder).glob("[!.]*/")):
        try:
            found.append(Run(path))
        except UserError:  # another folder
            continue
    return found


def check_same_sweep(points: Sequence[GridPoint], there: Sequence[Run]) -> None:
    """Refuse runs that differ from the points in more than the options that vary among the points.

    Raises:
        UserError: There is such a run.
    """
    for run in there:
        images = run.environment["images"]["train"]
        flats = [comparable(completed(point.config, images)) for point in points]
        fixed = {key: value for key, value in flats[0].items() if all(flat.get(key) == value for flat in flats)}
        # The options of a choice come and go with it.
        names = {key for flat in flats for key in flat if key.endswith(".name")}
        free = {key.removesuffix("name") for key in names - fixed.keys()}
        found = comparable(run.config)
        for key, value in fixed.items():
            if found.get(key) != value and not key.startswith(tuple(free)):
                raise UserError(
                    f"{run.path} belongs to another sweep: {flag(key)} is {shown_value(found.get(key))} there and "
                    f"{shown_value(value)} here. Choose another --sweep-dir, or give the option the same value."
                )
