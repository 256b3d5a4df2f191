"""One seed reproduces what it did, and shares nothing with another seed or with what else it is used for."""

import ast
import itertools
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import latente
from latente import VAE, seeds
from latente.data import Dataset, Split
from latente.errors import UserError
from latente.evaluation.split_measurements import SplitMeasurements
from latente.model.networks import Dense
from latente.training import trainer
from latente.training.batches import Batches

pytestmark = pytest.mark.backend

SEEDS, STEPS, DRAWS = (0, 1, 2), 4, 4000
FAR = 0.1
"""Six standard deviations, 1 / sqrt(4000) each, of the correlation of independent draws."""


def array(tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def tiny(seed: int) -> VAE:
    keras.utils.set_random_seed(seed)
    return VAE((8, 8, 1), 40, Dense(hidden=(100,)), seed=seed)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    n = min(a.size, b.size)
    return abs(float(np.corrcoef(a.reshape(-1)[:n], b.reshape(-1)[:n])[0, 1]))


def test_the_noise_of_seeds_of_steps_and_of_training_and_evaluation_is_uncorrelated():
    """On PyTorch, seed 1 drew at each step what seed 0 drew at the next, and evaluation what training had drawn."""
    found = {}
    for seed in SEEDS:
        vae = tiny(seed)
        for training, step in itertools.product((True, False), range(STEPS)):
            found[seed, training, step] = array(keras.random.normal((DRAWS,), seed=vae.noise(training)))
        x = np.zeros((100, 8, 8, 1), "uint8")
        q = vae.posterior_parameters(x)
        drawn = vae.encode(x, sample=True, seed=seed)
        found[seed, "codes of images"] = (drawn - q["z_mean"]) / np.exp(0.5 * q["z_log_var"])
        found[seed, "samples"] = vae.sample_codes(100, seed=seed)
    alike = {(a, b) for a, b in itertools.combinations(found, 2) if correlation(found[a], found[b]) > FAR}
    assert alike == set()


def test_the_initial_weights_of_neighbouring_seeds_are_uncorrelated():
    weights = [array(tiny(seed).encoder.layers[1].kernel) for seed in SEEDS]
    assert weights[0].size >= DRAWS
    assert max(correlation(a, b) for a, b in itertools.combinations(weights, 2)) < FAR


def test_evaluation_repeats_its_noise_and_training_goes_on_with_its_own():
    vae = tiny(0)
    vae.compile(run_eagerly=True)
    x = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    first, second = (vae.predict(x, verbose=0)["z"] for _ in range(2))
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert vae.evaluate(x, verbose=0, return_dict=True) == pytest.approx(vae.evaluate(x, verbose=0, return_dict=True))
    np.testing.assert_allclose(tiny(0).predict(x, verbose=0)["z"], first, atol=1e-6)


@pytest.mark.parametrize("seed", [2**31, 2**32 - 1, 2**70])
def test_any_seed_from_0_on_will_do(seed: int):
    assert tiny(0).sample(2, seed=seed).shape == (2, 8, 8, 1)
    with pytest.raises(UserError, match="seed must be at least 0. Received -1"):
        tiny(0).sample(2, seed=-1)


def test_a_seed_and_a_purpose_say_the_same_in_every_process():
    """Written down from NumPy's SeedSequence([7, crc32]): Python's own hash of a word changes with PYTHONHASHSEED."""
    assert seeds.spread(7, "123456789") == int(np.random.SeedSequence([7, 0xCBF43926]).generate_state(1)[0]) // 2
    assert seeds.drawing(7, "123456789", 5).integers(2**32) == np.random.default_rng([7, 0xCBF43926, 5]).integers(2**32)


PURPOSES = {
    "binarization",
    "binarization of {self.split_name}",
    "codes",
    "codes of images",
    "codes of {measurements.split_name} from {start}",
    "effective beta",
    "evidence",
    "importance",
    "noise between images",
    "noise images",
    "order",
    "prior",
    "rows",
    "samples",
    "training codes",
    "{name} batches",
}
"""What the source draws random numbers for, in the words that the draws follow from."""


def test_no_purpose_is_renamed():
    """Under another name the same seed draws other numbers, and a figure of before cannot be repeated."""
    found = set()
    for path in Path(latente.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="drawing" | "noise" | "spread")
                    | ast.Attribute(attr="drawing" | "noise" | "spread"),
                    args=[_, ast.Constant() | ast.JoinedStr() as purpose, *_],
                ):
                    found.add(ast.unparse(purpose).removeprefix("f").strip("'"))
    assert found == PURPOSES


def test_the_order_and_the_pixels_of_each_batch_are_drawn_apart():
    """[seed, epoch] and [seed, epoch, 0] are one stream to NumPy: the order and the first batch came from the same."""
    half = Split(np.full((200, 8, 8, 1), 128, "uint8"))
    found = {}
    for seed, epoch in itertools.product(SEEDS, range(2)):
        batches = Batches(half, 70, seed, shuffle=True, dynamic=True)
        batches.start_epoch(epoch)
        found |= {(seed, epoch, index): batches.read(index, index + 1)[0] for index in range(2)}
        same_stream = np.random.default_rng([seed, epoch]).random((70, 8, 8, 1)) < 128 / 255
        assert correlation(found[seed, epoch, 0], same_stream) < FAR
    assert {pair for pair in itertools.combinations(found, 2) if correlation(*map(found.get, pair)) > FAR} == set()


def test_training_validation_and_test_images_are_drawn_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Seen(Exception):
        pass

    made = []
    monkeypatch.setattr(trainer, "Batches", lambda *a, **k: made.append(Batches(*a, **k)) or made[-1])
    monkeypatch.setattr(trainer, "feed", lambda batches: (_ for _ in ()).throw(Seen))
    with pytest.raises(Seen):
        latente.train("digits", tmp_path / "run", False, network="Dense", **{"data.binarize": "dynamic"})
    training, validation = made
    assert training.seed != validation.seed
    same = Split(np.full((100, 8, 8, 1), 128, "uint8"))
    data = Dataset("made", same, same, same, source={"binarize": "dynamic"})
    drawn = [SplitMeasurements(tiny(0), data, name, 0).model_images for name in ("validation", "test")]
    assert correlation(*drawn) < FAR
