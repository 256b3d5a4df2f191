"""The run in MLflow, by its own client: on the server, or in the folder, that MLFLOW_TRACKING_URI names."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latente.errors import UserError
from latente.extras import extra
from latente.training.run import Json, Run
from latente.training.trackers.tracker import Tracker, figures, hyperparameters

AT_ONCE = 1000
"""MLflow takes no more metrics in one request."""
_log = logging.getLogger(__name__)


class MLflow(Tracker):
    """Metrics by the names of the log, the KL of each latent too, pictures as artifacts, the config as parameters.

    The experiment is the one that MLFLOW_EXPERIMENT_NAME says, or ``latente``. A store that fails on the way does not
    stop the training: a warning says so.

    Args:
        run: The run. It keeps the id of its run in MLflow, where a resumed training goes on.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        from mlflow.entities import Param

        self._client, experiment = _opened()
        known = run.tracking.get("mlflow")
        with _reached():
            if known is None:
                known = self._client.create_run(experiment, run_name=run.name).info.run_id
                given = [Param(name, str(value)) for name, value in hyperparameters(run).items()]
                self._client.log_batch(known, params=given)
            else:
                self._client.update_run(known, status="RUNNING")
        run.add_tracking(mlflow=known)
        self._id = known

    @classmethod
    def check(cls) -> None:
        """Raise ``UserError`` where the library is missing, or the store does not answer."""
        _opened()

    def send(self, entry: Json, pictures: dict[str, Path]) -> None:
        """Send the entry and the pictures."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, entry["epoch"]) for name, value in _each(figures(entry))]
        with self._told():
            for first in range(0, len(metrics), AT_ONCE):
                self._client.log_batch(self._id, metrics=metrics[first : first + AT_ONCE])
            for picture in pictures.values():
                self._client.log_artifact(self._id, str(picture), "figures")

    def close(self, finished: bool) -> None:
        """Say how it ended."""
        with self._told():
            self._client.set_terminated(self._id, "FINISHED" if finished else "FAILED")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with _reached():
                yield
        except UserError as error:
            _log.warning("Not sent: %s", error)


def _opened() -> tuple[Any, str]:
    """The client, and the id of the experiment, which is made where there is none."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would tell its makers, unasked
    library = extra("mlflow", "mlflow", "--training.track mlflow")
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "latente")
    with _reached():
        client = library.MlflowClient()
        known = client.get_experiment_by_name(name)
        return client, client.create_experiment(name) if known is None else known.experiment_id


@contextmanager
def _reached() -> Iterator[None]:
    """Turn MLflow's failures into ``UserError``."""
    try:
        yield
    except Exception as error:  # its stores, and the libraries below them, raise nearly anything
        said = str(error).strip().rstrip(".")
        raise UserError(
            f"--training.track mlflow needs a store that MLflow can write. Received: {said}. Set MLFLOW_TRACKING_URI "
            f"to a server such as http://localhost:5000, or to file:///a/folder with MLFLOW_ALLOW_FILE_STORE=true."
        ) from None


def _each(figures: Mapping[str, float | list[float]]) -> Iterator[tuple[str, float]]:
    """Each number by its name, those of a list by name and position."""
    for name, value in figures.items():
        if isinstance(value, list):
            yield from ((f"{name}/{j}", each) for j, each in enumerate(value))
        else:
            yield name, value
