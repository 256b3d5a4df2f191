"""Conditioning on labels: with one label it is a plain VAE, and each image meets its own."""

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE, backend, data
from latente.errors import UserError
from latente.evaluation import elbo_terms, log_likelihood
from latente.evaluation.classifier import classifier_of
from latente.model import AXES, choices
from latente.model.networks import Conv, Dense
from latente.model.numerics import tiled
from latente.model.objectives import IWAE
from latente.model.priors import Autoregressive

pytestmark = pytest.mark.backend

SHAPE, LATENTS, CLASSES = (5, 4, 2), 3, 4
OBJECTIVES = [*choices(AXES["objective"]), IWAE(samples=3), IWAE(samples=3, gradient="doubly")]


def images(n: int = 10) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(n, *SHAPE), dtype=np.uint8)


def labels(n: int = 10) -> np.ndarray:
    return np.random.default_rng(1).integers(0, CLASSES, size=n, dtype=np.int32)


def made(classes: int = CLASSES, eager: bool = True, **options) -> VAE:
    keras.utils.set_random_seed(0)
    vae = VAE(SHAPE, classes=classes, **{"latent_dim": LATENTS, "network": Dense(hidden=()), **options})
    compiled = {"run_eagerly": True} if eager else {"jit_compile": backend.jit_compile()}  # eager: a batch or two
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), **compiled)
    return vae


def folded(vae: VAE, label: int, **options) -> VAE:
    """The unconditional linear VAE that does the same with every image as a conditional one with that label."""
    plain = made(classes=0, **options)
    kernel, bias = vae.encoder.layers[-1].get_weights()
    planes = kernel.reshape(*SHAPE[:2], SHAPE[2] + CLASSES, -1)
    pixels = planes[:, :, : SHAPE[2]].reshape(-1, kernel.shape[1])
    plain.encoder.layers[-1].set_weights([pixels, bias + planes[:, :, SHAPE[2] + label].sum(axis=(0, 1))])
    kernel, bias = vae.decoder.layers[0].get_weights()
    plain.decoder.layers[0].set_weights([kernel[:LATENTS], bias + kernel[LATENTS + label]])
    return plain


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_with_one_label_it_is_a_plain_vae(objective):
    vae = made(objective=objective)
    plain = folded(vae, 2, objective=objective)
    x, y = images(), np.full(10, 2)
    expected = plain.evaluate(x, verbose=0, return_dict=True)
    found = vae.evaluate({"images": x, "labels": y}, verbose=0, return_dict=True)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name not in ("discriminator_accuracy",):  # a logit of exactly 0 has two sides
            assert found[name] == pytest.approx(value, rel=1e-3, abs=1e-4), name


def test_every_image_meets_its_own_label():
    vae = made()
    x, y = images(), labels()
    for k in range(CLASSES):
        mine, plain = y == k, folded(vae, k)
        np.testing.assert_allclose(vae.encode(x, labels=y)[mine], plain.encode(x[mine]), atol=1e-4)
        np.testing.assert_allclose(vae.reconstruct(x, y)[mine], plain.reconstruct(x[mine]), atol=1e-5)
        np.testing.assert_allclose(vae.sample(5, labels=k), plain.sample(5), atol=1e-5)
    once = vae.predict({"images": x, "labels": y}, verbose=0)
    np.testing.assert_allclose(once["z_mean"], vae.encode(x, labels=y), atol=1e-5)


def test_several_draws_of_an_image_meet_its_label():
    vae = made(network=Conv(filters=(3,), hidden=4))
    z = np.random.default_rng(0).normal(size=(12, LATENTS)).astype("float32")
    y = labels(4)
    several = vae.generative(ops.convert_to_tensor(z), labels=ops.convert_to_tensor(y))
    each = vae.generative(ops.convert_to_tensor(z), labels=tiled(ops.convert_to_tensor(y), 3))
    np.testing.assert_array_equal(ops.convert_to_numpy(several), ops.convert_to_numpy(each))


def blind(**options) -> tuple[VAE, np.ndarray, np.ndarray, np.ndarray]:
    """A model that reads labels alone, with images, labels and their exact log p(x given y); its q is the prior."""
    vae = made(**options)
    vae.encoder.layers[-1].set_weights([np.zeros_like(w) for w in vae.encoder.layers[-1].get_weights()])
    kernel, bias = vae.decoder.layers[0].get_weights()
    kernel[:LATENTS] = 0
    vae.decoder.layers[0].set_weights([5 * kernel, bias])
    x, y = images(), labels()
    logits = (5 * kernel[LATENTS:] + bias)[y].astype("float64")
    exact = -(np.logaddexp(0, logits) - x.reshape(10, -1) / 255 * logits).sum(axis=1)
    return vae, x, y, exact


def test_bounds_are_on_the_density_given_the_label():
    vae, x, y, exact = blind()
    assert exact.std() > 1  # other labels would show
    np.testing.assert_allclose(elbo_terms(vae, x, labels=y).elbo, exact, rtol=1e-4)
    np.testing.assert_allclose(log_likelihood(vae, x, samples=7, labels=y).bound, exact, rtol=1e-4)
    assert abs(elbo_terms(vae, x, labels=(y + 1) % CLASSES).elbo - exact).max() > 1


@pytest.mark.parametrize("objective", ["ELBO", IWAE(samples=1), IWAE(samples=4), IWAE(samples=4, gradient="doubly")])
def test_one_importance_sample_or_many_bound_the_same_density(objective):
    vae, x, y, exact = blind(objective=objective)
    loss = vae.evaluate({"images": x, "labels": y}, batch_size=4, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(-exact.mean(), rel=1e-4)


@pytest.mark.slow
def test_the_code_need_not_hold_what_the_label_says():
    """Images that are the label and nothing else: all there is to know costs no KL."""
    y = np.arange(200) % CLASSES
    x = np.random.default_rng(2).integers(0, 2, size=(CLASSES, *SHAPE), dtype=np.uint8)[y] * np.uint8(255)
    found = {}
    for classes in (0, CLASSES):
        vae = made(classes, eager=False, network=Dense(hidden=(32,)))
        vae.fit({"images": x, "labels": y} if classes else x, batch_size=20, epochs=30, verbose=0)
        found[classes] = elbo_terms(vae, x, labels=y if classes else None)
    assert found[CLASSES].kl.sum(axis=1).mean() < 0.1 < 0.5 < found[0].kl.sum(axis=1).mean()
    assert found[CLASSES].elbo.mean() > found[0].elbo.mean() + 1  # the nats of the label: log 4 = 1.39


def test_without_classes_nothing_changes():
    vae = made(classes=0, network="Conv")
    assert "classes" not in vae.get_config()
    assert vae.encoder.input_shape == (None, *SHAPE)
    assert vae.decoder.input_shape == (None, LATENTS)
    assert vae.evenly(3) is None


def test_saving_keeps_everything(tmp_path):
    vae = made(eager=False, network=Conv(filters=(3,), hidden=4))
    whole = {"images": images(), "labels": labels()}
    vae.fit(whole, batch_size=5, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.sample(3, labels=[0, 1, 3]), vae.sample(3, labels=[0, 1, 3]))
    for model in (vae, loaded):  # the same future: weights, optimizer, step and noise
        model.fit(whole, batch_size=5, shuffle=False, verbose=0)
    for a, b in zip(vae.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(a), ops.convert_to_numpy(b))


def test_discrete_codes_take_labels_too():
    vae = made(posterior="FSQ", prior=Autoregressive(width=8, depth=1, heads=2), latent_dim=8)
    loss = vae.fit({"images": images(), "labels": labels()}, batch_size=5, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    assert vae.sample(4, labels=vae.evenly(4)).shape == (4, *SHAPE)


def test_an_interpolation_takes_the_label_of_the_nearer_end():
    vae = made()
    x = images(2)
    between = vae.interpolate(x[0], x[1], steps=5, labels=(1, 3))
    np.testing.assert_allclose(between[[0, -1]], vae.reconstruct(x, [1, 3]), atol=1e-5)
    np.testing.assert_array_equal(vae.nearer((1, 3), 5), [1, 1, 1, 3, 3])
    np.testing.assert_array_equal(vae.nearer((1, 3), 4), [1, 1, 3, 3])
    assert (vae.traverse(labels=2) != vae.traverse(labels=3)).any()


def test_samples_of_a_class_are_recognized_as_it():
    digits = data.load("digits")
    keras.utils.set_random_seed(0)
    vae = VAE(digits.image_shape, 8, network=Dense(hidden=(128,)), classes=10)
    vae.compile(optimizer=keras.optimizers.Adam(3e-3), jit_compile=backend.jit_compile())
    train = {"images": digits.train.images, "labels": digits.train.labels}
    vae.fit(train, batch_size=32, epochs=4, verbose=0)
    asked = vae.evenly(200)
    seen = classifier_of(digits).probabilities(vae.sample(200, labels=asked)).argmax(axis=1)
    assert (seen == asked).mean() > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior": "VampPrior"}, "VampPrior encodes images of its own.*Choose prior StandardNormal"),
        ({"network": Conv(filters=(3,), latents="map"), "latent_dim": 6}, "Choose latents='vector'"),
        ({"classes": -1}, "classes must be at least 0. Received -1"),
    ],
)
def test_what_takes_no_labels_is_refused(options: dict, message: str):
    with pytest.raises(UserError, match=message):
        VAE(SHAPE, **{"classes": CLASSES, **options})


def test_wrong_labels_are_refused():
    x, vae, plain = images(2), made(), made(classes=0)
    with pytest.raises(UserError, match="conditional and needs labels, whole numbers 0 to 3. Received none"):
        vae.encode(x)
    with pytest.raises(UserError, match="Received 0 to 4"):
        vae.encode(x, labels=[0, 4])
    with pytest.raises(UserError, match="Received -1 to 0"):
        vae.fit({"images": x, "labels": np.array([-1, 0])}, verbose=0)
    with pytest.raises(UserError, match="one for each of 2"):
        vae.reconstruct(x, [1, 2, 3])
    with pytest.raises(UserError, match="Received float"):
        vae.sample(2, labels=[0.5, 1])
    with pytest.raises(UserError, match="A conditional VAE takes"):
        vae.fit(x, verbose=0)
    with pytest.raises(UserError, match="knows no labels. Received labels"):
        plain.sample(2, labels=1)
    with pytest.raises(UserError, match="knows no labels. Received images, labels"):
        plain.fit({"images": x, "labels": np.array([0, 1])}, verbose=0)
