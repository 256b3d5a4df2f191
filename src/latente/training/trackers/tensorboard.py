"""The run as event files of TensorBoard (``tensorboard --logdir runs``), by its own writer, on any backend."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PIL import Image

from latente.extras import extra
from latente.training.run import Json, Run
from latente.training.trackers.tracker import Tracker, figures, hyperparameters


class TensorBoard(Tracker):
    """Scalars by the names of the log, the KL per latent as a histogram, pictures, and the config as hyperparameters.

    Args:
        run: The run; the files go to its ``events``, one for each time that its training began or went on.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._event = Event
        self._writer = EventFileWriter(str(run.events))
        self._add(0, summary=hparams_pb(hyperparameters(run)))

    @classmethod
    def check(cls) -> None:
        """Raise ``UserError`` where the library is missing."""
        extra("tensorboard", "tensorboard.summary", "--training.track tensorboard")

    def send(self, entry: Json, pictures: dict[str, Path]) -> None:
        """Write the entry and the pictures, and flush them."""
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.histogram.summary_v2 import histogram_pb

        step = entry["epoch"]
        for name, value in figures(entry).items():
            if isinstance(value, list):
                self._add(step, summary=histogram_pb(name, value))
            else:
                self._add(step, summary=Summary(value=[Summary.Value(tag=name, simple_value=value)]))
        for what, path in pictures.items():
            self._add(step, summary=Summary(value=[Summary.Value(tag=what, image=_image(Summary, path))]))
        self._writer.flush()

    def close(self, finished: bool) -> None:
        """Close the file."""
        self._writer.close()

    def _add(self, step: int, **content: Any) -> None:
        self._writer.add_event(self._event(wall_time=time.time(), step=step, **content))


def _image(summary: Any, path: Path) -> Any:
    with Image.open(path) as image:
        width, height, bands = *image.size, len(image.getbands())
    return summary.Image(encoded_image_string=path.read_bytes(), width=width, height=height, colorspace=bands)
