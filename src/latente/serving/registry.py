"""The runs that are served."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import cached_property
from typing import Any

from latente.data import Dataset
from latente.errors import UserError
from latente.evaluation import diagnose_run
from latente.model import Posterior
from latente.model.choice import lookup
from latente.serving.loaded_model import LoadedModel
from latente.serving.refusals import NotReady
from latente.training import Run
from latente.version import __version__

_log = logging.getLogger(__name__)


class ServedRun:
    """A run that is served: its model, once there is one, and its data, where they are at hand.

    Args:
        run: The run.
        name: What it is called in addresses.
        data_dir: Where the data files are now, when not where they were.
        worker: Where models compute.
        observe: Is told the rows of each batch.

    Raises:
        UserError: The model cannot be read.
    """

    def __init__(
        self, run: Run, name: str, data_dir: str | None, worker: Executor, observe: Callable[[int], None]
    ) -> None:
        self.run, self.name = run, name
        self._data_dir, self._worker, self._observe = data_dir, worker, observe
        self._reading, self._diagnosing = threading.Lock(), threading.Lock()
        self._stamp, self._loaded = 0, None  # type: tuple[int, LoadedModel | None]
        self.version: str = run.environment.get("versions", {}).get("latente", "an unknown version")
        self.dataset  # noqa: B018  (read now, so that what is missing is said at the start)
        if run.trained:
            self.loaded()
        height, width, channels = run.environment["image_shape"]
        self.image_shape = (height, width, channels)
        self.pixel_range = run.pixel_range
        self.density = lookup(Posterior, run.config["posterior"]["name"]).density
        if self.version != __version__:
            _log.warning("%s was made by Latente %s; this is %s.", run.path, self.version, __version__)

    @cached_property
    def dataset(self) -> Dataset | None:
        """The run's data, or None where they are not at hand; that is logged."""
        try:
            return self.run.data(self._data_dir)
        except UserError as error:
            _log.warning("%s is served without its data: %s", self.run.path, error)
            return None

    def loaded(self) -> LoadedModel:
        """The model with the best weights so far.

        Raises:
            NotReady: No epoch is finished yet.
        """
        best = self.run.checkpoint("best")
        try:
            stamp = best.stat().st_mtime_ns
        except FileNotFoundError:
            raise NotReady(
                f"{self.name} has no model yet: there is no {best.name}. If its first epoch is not finished, come back "
                f"later; if the file is lost, restore it."
            ) from None
        with self._reading:
            if self._loaded is None or stamp != self._stamp:
                test = self.dataset.test if self.dataset else None
                self._loaded, self._stamp = LoadedModel(self.run, test, self._worker, self._observe), stamp
            return self._loaded

    def diagnose(self) -> dict[str, Any]:
        """Diagnose the run and keep what was found in it: ``healthy`` and ``findings``.

        Raises:
            NotReady: That is being done already.
            UserError: The diagnosis does not know such models, or the data are not at hand.
        """
        if not self._diagnosing.acquire(blocking=False):
            raise NotReady(f"{self.name} is being diagnosed already. Ask for the result in a minute.")
        try:
            found = diagnose_run(self.run, self._data_dir).to_json()
        finally:
            self._diagnosing.release()
        return {name: found[name] for name in ("healthy", "findings")}


def named(runs: Iterable[Run]) -> dict[str, Run]:
    """Runs by name; of two folders of the same name, the second is called ``name-2``."""
    found: dict[str, Run] = {}
    for run in runs:
        name, count = run.name, 1
        while name in found:
            count += 1
            name = f"{run.name}-{count}"
        found[name] = run
    return found
