"""Inception as one more feature space, with made weights: the real ones are not at hand."""

from pathlib import Path

import keras
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
