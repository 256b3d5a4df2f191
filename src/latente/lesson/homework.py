"""The homework: its five demands, and the lesson's acceptance criterion."""

from __future__ import annotations

from inspect import unwrap
from typing import Any

import numpy as np

from latente.data import Dataset
from latente.evaluation import metrics
from latente.evaluation.acceptance import recognizable, smooth
from latente.evaluation.split_measurements import SplitMeasurements
from latente.language import tr
from latente.lesson.generation import SAME, check_exercise_3
from latente.lesson.remark import Array, Mistake, as_check, of_shape
from latente.lesson.student import StudentsModel, kinds_of_layers, student_model
from latente.model import VAE, LatentModel
from latente.pixels import unit_scale

LATENTS, SAMPLES, FRAMES = 10, 64, 10
DRAWS = 1000
NEAR = 0.3
"""Share by which the standard deviation of the samples' pixels may differ from that of draws of the prior."""


@as_check
def check_homework(
    model: StudentsModel,
    generated: Array,
    path: Array,
    pair: tuple[int, int],
    data: Dataset,
    epochs: int,
    asked: int = 30,
) -> str:
    """Check the homework: what it is made of, its samples, its path, and whether the lesson accepts it.

    Args:
        model: The pair (encoder, decoder) of Keras models, or a VAE of Latente, trained.
        generated: 64 images from the prior, ``(64, H, W, C)`` in [0, 1].
        path: 10 images between two garments, ``(10, H, W, C)`` in [0, 1].
        pair: Which test images the path joins.
        data: The data set it was trained on, whose classifier and test images judge it.
        epochs: How many epochs it was trained for.
        asked: How many are asked for: 30, fewer for a rehearsal.
    """
    encoder, decoder = (model.encoder, model.decoder) if isinstance(model, VAE) else model
    student = student_model(model, data.image_shape)
    _judge_network(encoder, decoder, student.latent_dim)
    if epochs < asked:
        raise Mistake("epochs", epochs=epochs, asked=asked)
    _judge_samples(of_shape("generated", generated, (SAMPLES, *data.image_shape)), student, data)
    first, second = (int(i) for i in pair)
    labels = np.arange(len(data.test)) if data.test.labels is None else data.test.labels
    if labels[first] == labels[second]:
        raise Mistake("same-class")
    start, end = unit_scale(np.asarray(data.test.images[[first, second]]))
    unwrap(check_exercise_3)(path, model, start, end, FRAMES)  # which raises its mistake
    _accept(SplitMeasurements(student, data, "test", seed=0))
    return tr("Accepted: the samples are recognizable, and the interpolation is smooth.")


def _judge_network(encoder: Any, decoder: Any, latent_dim: int) -> None:
    if "BaseConv" not in kinds_of_layers(encoder):
        raise Mistake("no-convolution")
    if latent_dim != LATENTS:
        raise Mistake("latents", found=latent_dim, asked=LATENTS)
    if not {"BaseConvTranspose", "UpSampling2D"} & kinds_of_layers(decoder):
        raise Mistake("not-symmetric")


def _judge_samples(made: Array, student: LatentModel, data: Dataset) -> None:
    if made.min() < -1e-6 or made.max() > 1 + 1e-6:
        raise Mistake("logits")
    if np.ptp(made, axis=0).max() < SAME:
        raise Mistake("one-code")
    test = unit_scale(np.asarray(data.test.images[:SAMPLES]))
    if min(np.abs(made - each).max() for each in (test, student.reconstruct(test))) < SAME:
        raise Mistake("reconstructions")
    expected, found = (float(each.std(axis=0).mean()) for each in (student.sample(DRAWS, seed=0), made))
    if abs(found - expected) > NEAR * expected:
        raise Mistake("not-the-prior", found=found, expected=expected)


def _accept(measurements: SplitMeasurements) -> None:
    """The lesson's criterion, by the rules of the recipe of the homework."""
    samples = metrics.samples(measurements)
    if not recognizable(samples).met:
        sure = samples["sample_confidence[classifier]"]
        raise Mistake(
            "not-recognizable",
            sure=sure["value"],
            real=sure["controls"]["real images"],
            spread=samples["class_coverage[classifier]"]["value"],
            far=samples["sample_distance[classifier]"]["value"],
        )
    between = metrics.interpolations(measurements)
    if not smooth(between).met:
        raise Mistake(
            "not-smooth",
            uneven=between["interpolation_smoothness[classifier]"]["value"],
            far=between["midpoint_distance[classifier]"]["value"],
        )
