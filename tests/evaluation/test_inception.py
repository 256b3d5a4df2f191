"""Inception as one more feature space, with made weights: the real ones are not at hand."""

from pathlib import Path

import keras
import numpy as np
import pytest

import latente
from latente.errors import UserError
from latente.evaluation.inception import SPACE, Inception


@pytest.mark.slow
def test_samples_are_compared_in_its_features_as_well(tmp_path: Path):
    keras.utils.set_random_seed(0)
    weights = tmp_path / "made.weights.h5"
    keras.applications.InceptionV3(include_top=False, pooling="avg", weights=None).save_weights(weights)
    path = tmp_path / "run"
    latente.train("digits", path, progress=False, epochs=1, network="Dense", **{"training.pictures_every": 0})
    metrics = latente.evaluate(path, inception=weights)
    frechet = metrics[f"frechet[{SPACE}]"]
    assert frechet["value"] > frechet["controls"]["train images"]
    assert metrics[f"precision[{SPACE}]"]["feature_space"] == SPACE
    assert "frechet[classifier]" in metrics


def test_other_weights_are_refused(tmp_path: Path):
    wrong = tmp_path / "wrong.weights.h5"
    keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)]).save_weights(wrong)
    with pytest.raises(UserError, match="holds no weights"):
        Inception(wrong)


def test_missing_weights_are_told_before_anything_slow(tmp_path: Path):
    with pytest.raises(UserError, match="There is none"):
        Inception(tmp_path / "none.h5")


def test_images_are_shown_in_colour_and_from_minus_one_to_one(monkeypatch):
    """To a network that gives the mean of each channel; in ragged batches, each row in its place."""
    monkeypatch.setattr("latente.evaluation.inception.BATCH", 2)
    seen = Inception.__new__(Inception)
    seen.network = lambda images, training: keras.ops.mean(images, axis=(1, 2))
    greys = np.array([0.0, 0.25, 1.0])
    found = seen.features(np.tile(greys[:, None, None, None], (1, 5, 7, 1)))
    np.testing.assert_allclose(found, np.repeat(2 * greys[:, None] - 1, 3, axis=1), atol=1e-6)
    colours = np.tile(np.array([0.0, 0.5, 1.0]), (2, 5, 7, 1))
    np.testing.assert_allclose(seen.features(colours), [[-1, 0, 1]] * 2, atol=1e-6)
    with pytest.raises(UserError, match="grey or colour images. Received 2 channels"):
        seen.features(colours[..., :2])


@pytest.mark.parametrize("axis", [1, 2], ids=["tall", "wide"])
def test_what_shrinks_is_antialiased_whichever_side_is_long(axis: int):
    """Of three lines the middle one is white: the whole is a third as bright, and each third line all white."""
    seen = Inception.__new__(Inception)
    seen.network = lambda images, training: images[:, 100, 100]
    tall = np.tile(np.tile([0.0, 1.0, 0.0], 299)[:, None], 5)
    image = (tall if axis == 1 else tall.T)[None, :, :, None]
    np.testing.assert_allclose(seen.features(image), [[2 / 3 - 1] * 3], atol=1e-3)
