"""Priors over discrete codes: probabilities that sum to one, draws that follow them, gradients that stay with them."""

import itertools
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special

from latente import VAE
from latente.errors import UserError
from latente.model.networks import Dense
from latente.model.posteriors import FSQ, VectorQuantizer
from latente.model.priors import Autoregressive, Uniform

pytestmark = pytest.mark.backend

SHAPE = (4, 3, 1)
LENGTH, CODES = 3, 4
EVERY = np.array(list(itertools.product(range(CODES), repeat=LENGTH)), "int32")
PRIORS = {"Uniform": Uniform, "Autoregressive": lambda: Autoregressive(width=8, depth=2, heads=2)}


def array(tensor: object) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def bound(name: str) -> tuple:
    """A prior over all sequences of 3 of 4 codes, far from uniform where it can be, and its model."""
    keras.utils.set_random_seed(0)
    prior = PRIORS[name]()
    model = SimpleNamespace(posterior=FSQ(levels=(2, 2)), latent_dim=2 * LENGTH)
    prior.bind(model)
    rng = np.random.default_rng(0)
    for weight in prior.trainable_variables:
        weight.assign(array(weight) + rng.normal(scale=0.3, size=weight.shape))
    return prior, model


def images(n: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(n, *SHAPE), dtype=np.uint8)


def tiny(posterior: object = None, prior: object = None, optimizer: object = None) -> VAE:
    keras.utils.set_random_seed(0)
    chosen = {"posterior": posterior or FSQ(levels=(4, 3)), "prior": prior or Autoregressive(width=8, depth=1, heads=2)}
    vae = VAE(SHAPE, 4, network=Dense(hidden=(6,)), **chosen)
    vae.compile(optimizer=optimizer or keras.optimizers.Adam(1e-2), jit_compile=False)
    return vae


@pytest.mark.parametrize("name", PRIORS)
def test_the_probabilities_of_all_sequences_sum_to_one(name: str):
    prior, model = bound(name)
    log_p = array(prior.log_prob_of(ops.convert_to_tensor(EVERY), model))
    assert np.exp(log_p.astype("float64")).sum() == pytest.approx(1, abs=1e-5)
    assert np.ptp(log_p) > 1 or name == "Uniform"
    if name == "Uniform":
        np.testing.assert_allclose(log_p, -LENGTH * np.log(CODES), rtol=1e-6)
    z = model.posterior.codes_of(ops.convert_to_tensor(EVERY))
    np.testing.assert_allclose(array(prior.log_prob(z, model)), log_p, rtol=1e-6)
    np.testing.assert_allclose(array(prior.kl({"indices": ops.convert_to_tensor(EVERY)}, z, model)), -log_p[:, None])


@pytest.mark.parametrize("name", PRIORS)
def test_draws_follow_the_probabilities(name: str):
    """Position by position, with what was kept of those before, as in one pass over whole sequences."""
    prior, model = bound(name)
    drawn = array(prior.sample_indices(3000, model, keras.random.SeedGenerator(0), 1.0))
    assert drawn.shape == (3000, LENGTH)
    counts = np.bincount((drawn * CODES ** np.arange(LENGTH)[::-1]).sum(axis=1), minlength=len(EVERY))
    expected = 3000 * np.exp(array(prior.log_prob_of(ops.convert_to_tensor(EVERY), model)).astype("float64"))
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected) + 3).all()


def test_no_position_sees_itself_or_what_follows():
    prior, model = bound("Autoregressive")
    logits = array(prior.logits(ops.convert_to_tensor(EVERY)))
    for place in range(LENGTH):
        changed = EVERY.copy()
        changed[:, place:] = (changed[:, place:] + 1) % CODES
        np.testing.assert_allclose(
            array(prior.logits(ops.convert_to_tensor(changed)))[:, : place + 1], logits[:, : place + 1], atol=1e-5
        )
    assert np.abs(logits[0] - logits[-1])[1:].max() > 0.1  # but those before count


def test_temperature_sharpens_each_position():
    prior, model = bound("Autoregressive")
    mean = {}
    for temperature in (0.0, 0.5, 1.0, 2.0):
        drawn = prior.sample_indices(400, model, keras.random.SeedGenerator(0), temperature)
        mean[temperature] = array(prior.log_prob_of(drawn, model)).mean()
        if not temperature:
            greedy = array(drawn)
    assert mean[0.5] > mean[1.0] + 0.1
    assert mean[1.0] > mean[2.0] + 0.1
    assert (greedy == greedy[0]).all()
    for place in range(LENGTH):
        assert greedy[0, place] == array(prior.logits(ops.convert_to_tensor(greedy[:1])))[0, place].argmax()


@pytest.mark.parametrize("posterior", [FSQ(levels=(4, 3)), VectorQuantizer(codes=5, width=2, stages=2)])
def test_its_gradient_is_zero_on_encoder_decoder_and_codes(posterior: FSQ | VectorQuantizer):
    """Read off a step of plain descent on -log p(indices) alone; with a rate of 1e6, any gradient moves a weight."""
    vae = tiny(posterior, optimizer=keras.optimizers.SGD(1e6))

    def rate(evidence):
        # Weights without any path to the loss would make Keras warn.
        return ops.sum(evidence.kl, axis=-1) + 0.0 * evidence.log_likelihood, {}

    vae.objective.loss = rate
    vae.posterior.adjust = lambda loss, evidence: (loss, dict.fromkeys(vae.posterior.logged, 0.0))
    before = {w.path: array(w).copy() for w in vae.variables if "metric" not in w.path}
    vae.fit(images(), batch_size=12, verbose=0)
    after = {w.path: array(w) for w in vae.variables}
    own = {w.path for w in vae.prior.trainable_variables}
    moved = {path for path, value in before.items() if (value != after[path]).any()}
    networks = {w.path for part in (vae.encoder, vae.decoder, vae.posterior) for w in part.variables}
    assert moved & own
    assert not moved & networks


def test_the_bound_is_the_log_likelihood_less_the_nats_of_the_indices():
    vae = tiny()
    found = vae.evaluate(images(), batch_size=12, verbose=0, return_dict=True)
    q = {name: ops.convert_to_tensor(value) for name, value in vae.posterior_parameters(images()).items()}
    logits = array(vae.generative(vae.posterior.mean(q))).astype("float64")
    log_likelihood = (images() / 255 * logits - np.logaddexp(0, logits)).sum(axis=(1, 2, 3)).mean()  # of Bernoullis
    log_shares = special.log_softmax(array(vae.prior.logits(q["indices"])).astype("float64"), axis=-1)
    log_p = np.take_along_axis(log_shares, array(q["indices"])[..., None], axis=-1).sum(axis=(1, 2)).mean()
    assert found["elbo"] == pytest.approx(log_likelihood + log_p, rel=1e-4)
    assert found["kl"] == pytest.approx(-log_p, rel=1e-4)


def test_it_learns_the_codes_beside_the_model_and_its_samples_then_look_like_them():
    """Two images, so two sequences: log 2 nats name one of them."""
    vae = tiny(VectorQuantizer(codes=5, width=2))
    x = np.tile(images(2), (8 * 200, 1, 1, 1))
    vae.fit(x, batch_size=16, verbose=0)
    found = vae.evaluate(images(2), verbose=0, return_dict=True)
    assert found["kl"] == pytest.approx(np.log(2), abs=0.15)
    near = np.square(vae.sample(40)[:, None] - vae.reconstruct(images(2))).mean(axis=(2, 3, 4)).min(axis=1)
    assert (near < 1e-6).mean() > 0.9


def test_saving_keeps_it_and_draws_are_a_function_of_the_seed(tmp_path: Path):
    vae = tiny(VectorQuantizer(codes=5, width=2))
    vae.fit(images(), verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.sample(5, seed=1), loaded.sample(5, seed=1))
    assert (vae.sample_codes(20, seed=1) != vae.sample_codes(20, seed=2)).any()


@pytest.mark.parametrize("options", [{"width": 9}, {"depth": 0}, {"heads": 0}])
def test_what_makes_no_sense_is_refused(options: dict):
    with pytest.raises(UserError, match="multiple of heads"):
        Autoregressive(**options)
