"""What a classifier makes of images, by hand and on the digits."""

import json

import keras
import numpy as np
import pytest

from latente.data import Dataset, Split, load
from latente.errors import UserError
from latente.evaluation import classifier as module
from latente.evaluation.classifier import classifier_of
from latente.evaluation.recognizability import recognizability


def test_confidence_and_coverage_by_hand():
    found = recognizability(np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.3, 0.7, 0.0], [0.4, 0.6, 0.0]]))
    assert found.confidence == pytest.approx(0.75)
    assert found.coverage == pytest.approx(np.log(2) / np.log(3))
    assert recognizability(np.eye(5)).coverage == pytest.approx(1)
    assert recognizability(np.tile([0.0, 1.0], (4, 1))).coverage == 0
    with pytest.raises(UserError, match="at least 2 classes"):
        recognizability(np.ones((4, 1)))


def test_the_classifier_of_the_digits_is_trained_once_and_leaves_seeds_alone(own_cache, monkeypatch):
    dataset = load("digits")
    keras.utils.set_random_seed(3)
    expected = np.random.random(), keras.ops.convert_to_numpy(keras.random.normal((2,)))
    keras.utils.set_random_seed(3)
    found = classifier_of(dataset)
    assert np.random.random() == expected[0]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(keras.random.normal((2,))), expected[1])

    images = np.asarray(dataset.test.images)
    probabilities = found.probabilities(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    accuracy = (probabilities.argmax(axis=1) == dataset.test.labels).mean()
    assert found.protocol["accuracy"] == pytest.approx(accuracy)
    assert accuracy > 0.93
    assert found.protocol["confidence"] == pytest.approx(probabilities.max(axis=1).mean())
    noise = np.random.default_rng(0).random(images.shape, "float32")
    assert found.probabilities(noise).max(axis=1).mean() < found.protocol["confidence"]
    np.testing.assert_allclose(found.probabilities(images / np.float32(255)), probabilities, atol=1e-5)

    monkeypatch.setattr(module, "_trained", None)  # the second time it must not be called
    again = classifier_of(load("digits"))
    np.testing.assert_array_equal(again.features(images), found.features(images))
    assert again.protocol == found.protocol
    assert sorted(path.suffix for path in own_cache.iterdir()) == [".json", ".keras"]
    assert json.loads(next(own_cache.glob("*.json")).read_text()) == found.protocol


@pytest.mark.parametrize(("most_steps", "most_passes", "steps"), [(99, 2, 6), (4, 2, 4), (6, 99, 6)])
def test_the_classifier_sees_each_image_once_a_pass_beside_its_class(monkeypatch, most_steps, most_passes, steps):
    """300 images are two batches of 128 and a part; the part is filled up from the next pass."""
    monkeypatch.setattr(module, "MOST_STEPS", most_steps)
    monkeypatch.setattr(module, "MOST_PASSES", most_passes)
    seen = []
    monkeypatch.setattr(keras.Model, "train_on_batch", lambda self, x, y: seen.append((x, y)))
    number, classes = np.arange(300), np.array([-1, 4, 7], "int32")
    images = np.zeros((300, 4, 4, 1), "uint8")
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.divmod(number, 20)  # what number it has
    split = Split(images, classes[number % 3])
    optimizer = module._trained(Dataset("numbered", split, split, split)).network.optimizer
    assert [len(x) for x, _ in seen] == [128] * steps
    order = np.concatenate([255 * x[:, 0, :2, 0] @ [20, 1] for x, _ in seen]).round().astype(int)
    np.testing.assert_array_equal(np.concatenate([y for _, y in seen]), order % 3)
    whole = order[: len(order) // 300 * 300].reshape(-1, 300)
    for each in whole:
        assert sorted(each) == number.tolist() != each.tolist()
    rest = order[whole.size :]
    assert len(set(rest)) == len(rest)
    assert len(set(map(tuple, whole))) == len(whole)
    rates = []
    for step in (0, steps / 2, steps):  # half a cosine
        optimizer.iterations.assign(int(step))
        rates.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    assert rates == pytest.approx([0.002, 0.001, 0], abs=1e-8)


def test_any_integers_are_labels_and_one_class_is_refused():
    rng = np.random.default_rng(0)
    labels = np.array([-1, 7] * 20, "int32")
    images = np.where(labels[:, None, None, None] > 0, 255, 0) * np.ones((1, 5, 9, 3))
    split = Split(np.clip(images + rng.integers(-9, 9, images.shape), 0, 255).astype("uint8"), labels)
    dataset = Dataset("made", split, split, split)
    assert classifier_of(dataset).protocol["accuracy"] == 1
    blank = Split(split.images, np.zeros(40, "int32"))
    with pytest.raises(UserError, match="at least two classes"):
        classifier_of(Dataset("made", blank, blank, blank))


@pytest.mark.parametrize(
    ("side", "filters"), [(7, [64]), (12, [64]), (28, [32, 64]), (64, [8, 16, 32, 64]), (113, [8, 8, 16, 32, 64])]
)
def test_the_classifier_halves_the_image_to_7_pixels_and_doubles_its_filters(side: int, filters: list[int]):
    layers = module._network((side, side, 3), classes=4).layers
    assert [layer.filters for layer in layers if isinstance(layer, keras.layers.Conv2D)] == filters
