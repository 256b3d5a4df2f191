"""The lesson's checks: right work passes, and each mistake is named, in English and Spanish."""

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from latente import data, lesson
from latente.data import Dataset
from latente.language import LANGUAGES
from latente.lesson import homework
from latente.lesson.advice import ADVICE
from latente.model import VAE
from latente.model.latent_model import interpolate_codes

RNG = np.random.default_rng(0)
SHAPE, LATENTS = (8, 8, 1), 3
CODES = RNG.standard_normal((600, LATENTS)).astype("float32")
BASIS = RNG.normal(0, 1, (LATENTS, 64)).astype("float32")
NARROW = -7.0


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def logits(z: np.ndarray) -> np.ndarray:
    return (np.asarray(z) @ BASIS).reshape(-1, *SHAPE)


def decode(z: np.ndarray) -> np.ndarray:
    return sigmoid(logits(z))


def mean_of(images: np.ndarray) -> np.ndarray:
    flat = np.asarray(images, "float64").reshape(len(images), -1).clip(1e-6, 1 - 1e-6)
    return (np.log(flat / (1 - flat)) @ np.linalg.pinv(BASIS.astype("float64"))).astype("float32")


def encode(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = mean_of(images)
    return mean, np.full_like(mean, NARROW)


MODEL = encode, decode
IMAGES = decode(CODES)
FAR = [int(CODES.sum(axis=1).argmin()), int(CODES[:, 0].argmax())]
A, B = IMAGES[FAR]
Z_A, Z_B = mean_of(IMAGES[FAR])


def line(t: np.ndarray) -> np.ndarray:
    return decode((1 - t)[:, None] * Z_A + t[:, None] * Z_B)


def normal(like: object, shape: object = None) -> object:
    return keras.random.normal(ops.shape(like) if shape is None else shape)


class Sampling(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.noise = keras.random.SeedGenerator(0)

    def call(self, inputs: list) -> object:
        mean, log_var = inputs
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.noise)


def sampled(mean: object, log_var: object) -> object:
    return mean + ops.exp(0.5 * log_var) * normal(mean)


def cross_entropy(x: object, y: object, **options: object) -> object:
    return keras.losses.binary_crossentropy(x, y, **options)


def bce(x: object, y: object) -> object:
    return ops.sum(cross_entropy(x, y), axis=(1, 2))


def kl(mean: object, log_var: object) -> object:
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - 1 - log_var, axis=-1)


def beta_loss(reconstruction: object, kl: object, beta: float) -> object:
    return reconstruction + beta * kl


def dead(mean: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    return mean.std(axis=0) < 0.1


def compared(*rows: tuple[float, float, float]) -> dict:
    return {
        beta: dict(zip(("reconstruction", "kl", "elbo"), row, strict=True))
        for beta, row in zip((1, 5, 10), rows, strict=False)
    }


R, K = (220, 240, 250), (14, 6, 4)
RESULTS = compared(*((r, k, -(r + k)) for r, k in zip(R, K, strict=True)))
COLLAPSED = 0.01 * CODES, np.zeros_like(CODES)
HEALTHY = CODES, np.full_like(CODES, NARROW)


def encoder_of(mean: str | None = None, log_var: str | None = None, outputs: int = 2, shape: bool = True) -> Callable:
    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE)
    hidden = layers.Flatten()(inputs)
    both = [layers.Dense(LATENTS, activation=mean)(hidden), layers.Dense(LATENTS, activation=log_var)(hidden)]
    if not shape:
        both = [inputs, inputs]
    return keras.Model(inputs, both[:outputs])


def decoder_of(activation: str | None = "sigmoid", shape: tuple = SHAPE) -> Callable:
    parts = [keras.Input((LATENTS,)), layers.Dense(64, activation=activation), layers.Reshape(shape)]
    return keras.Sequential(parts)


def stops(*_: object) -> None:
    raise ValueError("the shapes do not match.")


RIGHT = {
    "encoder": lambda: lesson.check_encoder(encoder_of(), IMAGES),
    "sampling layer": lambda: lesson.check_sampling(Sampling()),
    "sampling function": lambda: lesson.check_sampling(sampled),
    "decoder": lambda: lesson.check_decoder(decoder_of(), LATENTS, SHAPE),
    "reconstruction": lambda: lesson.check_reconstruction(bce),
    "batch mean": lambda: lesson.check_reconstruction(lambda x, y: ops.mean(bce(x, y))),
    "kl": lambda: lesson.check_kl(kl),
    "exercise 1": lambda: lesson.check_exercise_1(encode, Sampling(), decode, bce, kl, IMAGES),
    "exercise 2": lambda: lesson.check_exercise_2(CODES[:100], decode(CODES[:100]), MODEL, decode(CODES[200:])),
    "a list of images": lambda: lesson.check_exercise_2(
        CODES[:100], decode(CODES[:100]), MODEL, list(decode(CODES[200:]))
    ),
    "exercise 3": lambda: lesson.check_exercise_3(line(np.linspace(0, 1, 10)), MODEL, A, B),
    "exercise 4": lambda: lesson.check_exercise_4(beta_loss, RESULTS),
    "exercise 5": lambda: lesson.check_exercise_5(dead, COLLAPSED, HEALTHY),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_work_passes(name: str) -> None:
    remark = RIGHT[name]()
    assert remark.right, remark
    assert repr(remark).startswith("✓ Right")


ENCODERS = {
    "one-output": (lambda: encoder_of(outputs=1), IMAGES),
    "sigma-not-log-variance": (lambda: encoder_of(log_var="softplus"), IMAGES),
    "mean-not-free": (lambda: encoder_of(mean="relu"), IMAGES),
    "pixels-not-scaled": (lambda: encoder_of(), 255 * IMAGES),
    "shape": (lambda: encoder_of(shape=False), IMAGES),
    "raised": (lambda: stops, IMAGES),
}
SAMPLINGS = {
    "no-noise": lambda m, v: m,
    "sigma-is-variance": lambda m, v: m + ops.exp(v) * normal(m),
    "sigma-is-log-variance": lambda m, v: m + v * normal(m),
    "sigma-ignored": lambda m, v: m + normal(m),
    "wrong-sigma": lambda m, v: m + ops.exp(-0.5 * v) * normal(m),
    "mean-ignored": lambda m, v: ops.exp(0.5 * v) * normal(m),
    "one-noise-per-batch": lambda m, v: m + ops.exp(0.5 * v) * normal(m, (1, 4)),
    "one-noise-per-image": lambda m, v: m + ops.exp(0.5 * v) * normal(m, (len(m), 1)),
    "same-noise-each-call": lambda m, v: m + ops.exp(0.5 * v) * keras.random.normal(ops.shape(m), seed=1),
    "not-normal": lambda m, v: m + ops.exp(0.5 * v) * keras.random.uniform(ops.shape(m)),
    "shape": lambda m, v: sampled(m, v)[:, :1],
    "returns-nothing": lambda m, v: None,
    "not-finite": lambda m, v: m + ops.sqrt(v) * normal(m),
    "no-array": lambda m, v: "z",
}
DECODERS = {
    "no-sigmoid": lambda: decoder_of(None),
    "softmax": lambda: decoder_of("softmax"),
    "shape": lambda: decoder_of(shape=(64,)),
    "decoder-blind": lambda: lambda z: np.full((len(z), *SHAPE), 0.5),
}
RECONSTRUCTIONS = {
    "pixel-mean": lambda x, y: ops.mean(cross_entropy(x, y)),
    "not-summed": cross_entropy,
    "batch-sum": lambda x, y: ops.sum(bce(x, y)),
    "reconstruction-sign": lambda x, y: -bce(x, y),
    "squared-error": lambda x, y: ops.sum(ops.square(x - y), axis=(1, 2, 3)),
    "taken-for-logits": lambda x, y: ops.sum(cross_entropy(x, y, from_logits=True), axis=(1, 2)),
    "swapped": lambda x, y: bce(y, x),
    "not-cross-entropy": lambda x, y: ops.sum(ops.abs(x - y), axis=(1, 2, 3)),
}
KLS = {
    "kl-sign": lambda m, v: -kl(m, v),
    "latent-mean": lambda m, v: kl(m, v) / 3,
    "kl-batch-sum": lambda m, v: ops.sum(kl(m, v)),
    "no-half": lambda m, v: 2 * kl(m, v),
    "kl-of-sigma": lambda m, v: 0.5 * ops.sum(m**2 + ops.exp(0.5 * v) - 1 - v, axis=-1),
    "log-variance-misread": lambda m, v: 0.5 * ops.sum(m**2 + v**2 - 1 - ops.log(v**2), axis=-1),
    "not-the-kl": lambda m, v: ops.sum(m**2, axis=-1),
}
AROUND = mean_of(IMAGES[:100]) + np.exp(0.5 * NARROW) * RNG.standard_normal((100, LATENTS))
DRAWN = RNG.standard_normal((100, LATENTS))
CODES_AND_IMAGES = {
    "shape": (DRAWN[:10], decode(DRAWN[:10])),
    "one-code": (np.repeat(DRAWN[:1], 100, axis=0), decode(np.repeat(DRAWN[:1], 100, axis=0))),
    "uniform": (RNG.random((100, LATENTS)), None),
    "around-encodings": (AROUND, decode(AROUND)),
    "scale": (0.5 * DRAWN, decode(0.5 * DRAWN)),
    "shifted": (DRAWN - 1, decode(DRAWN - 1)),
    "logits": (DRAWN, logits(DRAWN)),
    "reconstructions": (DRAWN, IMAGES[:100]),
    "not-decoded": (DRAWN, decode(DRAWN[::-1])),
}
T = np.linspace(0, 1, 10)
PATHS = {
    "frames": line(np.linspace(0, 1, 11)),
    "shape": line(T)[..., 0],
    "cross-fade": (1 - T)[:, None, None, None] * A + T[:, None, None, None] * B,
    "reversed": line(1 - T),
    "end-missing": line(np.arange(10) / 10),
    "spherical": decode(interpolate_codes(Z_A, Z_B, 10, "spherical")),
    "ends": decode(interpolate_codes(Z_A + 0.5, Z_B, 10, "linear")),
    "uneven": line(T**3),
}
LOSSES = {
    "beta-on-reconstruction": lambda r, k, beta: beta * r + k,
    "beta-on-both": lambda r, k, beta: beta * (r + k),
    "beta-ignored": lambda r, k, beta: r + k,
    "beta-divides": lambda r, k, beta: r + k / beta,
    "kl-rewarded": lambda r, k, beta: r - beta * k,
    "not-beta-loss": lambda r, k, beta: r + beta,
}
COMPARISONS = {
    "figures-missing": compared((220, 14, -234)),
    "weighted-totals": compared((220, 14, -234), (240, 6, -270), (250, 4, -290)),
    "elbo-sign": compared((220, 14, 234), (240, 6, 246), (250, 4, 254)),
    "not-the-elbo": compared((220, 14, -220), (240, 6, -240), (250, 4, -250)),
    "kl-does-not-fall": compared((220, 14, -234), (240, 16, -256), (250, 15, -265)),
}
DIAGNOSES = {
    "not-per-latent": lambda m, v: m.std() < 0.1,
    "by-mean": lambda m, v: np.abs(m.mean(axis=0)) < 0.1,
    "by-log-variance": lambda m, v: np.abs(v.mean(axis=0)) < 0.1,
    "accuses-healthy": lambda m, v: m.std(axis=0) < 0.5,
    "misses-collapse": lambda m, v: m.std(axis=0) < 1e-3,
    "wrong-axis": lambda m, v: np.full(5, m.std(axis=1).mean() < 0.1),
    "misses-partial": lambda m, v: np.full(5, m.std(axis=0).max() < 0.1),
}
CURES = {
    "not-collapsed": (HEALTHY, HEALTHY),
    "not-cured": (COLLAPSED, COLLAPSED),
    "autoencoder": (COLLAPSED, (20 * CODES, np.full_like(CODES, -10.0))),
}


@cache
def digits() -> Dataset:
    return data.load("digits")


@cache
def conv(latents: int = 10, down: bool = True, up: bool = True) -> tuple[keras.Model, keras.Model]:
    """An untrained pair for the digits, whose random decoder draws images that differ."""
    keras.utils.set_random_seed(0)
    image = keras.Input(digits().image_shape)
    hidden = layers.Flatten()(layers.Conv2D(4, 3, strides=2, padding="same")(image) if down else image)
    encoder = keras.Model(image, [layers.Dense(latents)(hidden), layers.Dense(latents)(hidden)])
    z = keras.Input((latents,))
    loud = keras.initializers.RandomNormal(stddev=1.0, seed=0)
    if up:
        small = layers.Reshape((6, 6, 2))(layers.Dense(72, kernel_initializer=loud)(z))
        image = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(small)
    else:
        image = layers.Reshape((12, 12, 1))(layers.Dense(144, activation="sigmoid", kernel_initializer=loud)(z))
    return encoder, keras.Model(z, image)


def handed_in(model: Any = None, **changed: Any) -> lesson.Remark:
    """The homework as it should be, but for the training and for what is changed."""
    encoder, decoder = model or conv()
    latents = decoder.input_shape[-1]
    test = digits().test
    pair = 0, int(np.flatnonzero(test.labels != test.labels[0])[0])
    codes = np.random.default_rng(1).standard_normal((64, latents)).astype("float32")
    first, last = keras.ops.convert_to_numpy(encoder(test.images[list(pair)] / np.float32(255))[0])
    work = {
        "generated": decoder(codes),
        "path": decoder(interpolate_codes(first, last, 10, "linear").astype("float32")),
        "pair": pair,
        "epochs": 30,
    }
    return lesson.check_homework((encoder, decoder), **{**work, **changed}, data=digits())


def judged(monkeypatch: pytest.MonkeyPatch, uneven: float) -> None:
    """Figures of a good model, but for its interpolations."""
    sure = {"real images": 0.9, "cross-fade": 0.7, "noise": 0.9}
    samples = {
        "sample_confidence[classifier]": {"value": 0.8, "controls": sure, "samples": 500},
        "class_coverage[classifier]": {"value": 0.95, "controls": {"cross-fade": 0.9, "noise": 0.1}},
        "sample_distance[classifier]": {"value": 0.8, "controls": {"noise": 1.5}},
        "classifier_accuracy": {"value": 0.95},
    }
    between = {
        "interpolation_smoothness[classifier]": {
            "value": uneven, "controls": {"cross-fade": 2.0, "noise": 3.0}, "pairs": 100
        },
        "midpoint_distance[classifier]": {"value": 0.8, "controls": {"noise": 1.5}},
    }  # fmt: skip
    monkeypatch.setattr(homework.metrics, "samples", lambda _: samples)
    monkeypatch.setattr(homework.metrics, "interpolations", lambda _: between)


HOMEWORK = {
    "no-convolution": lambda: handed_in(conv(down=False)),
    "latents": lambda: handed_in(conv(latents=2)),
    "not-symmetric": lambda: handed_in(conv(up=False)),
    "epochs": lambda: handed_in(epochs=5),
    "shape": lambda: handed_in(generated=np.zeros((16, 12, 12, 1))),
    "logits": lambda: handed_in(generated=np.linspace(-9, 9, 64)[:, None, None, None] * np.ones((64, 12, 12, 1))),
    "one-code": lambda: handed_in(generated=np.full((64, 12, 12, 1), 0.5)),
    "reconstructions": lambda: handed_in(generated=digits().test.images[:64] / np.float32(255)),
    "not-the-prior": lambda: handed_in(generated=conv()[1](0.3 * RNG.standard_normal((64, 10)).astype("float32"))),
    "same-class": lambda: handed_in(pair=(3, 3)),
    "cross-fade": lambda: handed_in(path=np.linspace(*digits().test.images[:2] / np.float32(255), 10)),
}
MISTAKES: list[tuple[str, Callable[[], lesson.Remark]]] = [
    *((name, lambda e=e, x=x: lesson.check_encoder(e(), x)) for name, (e, x) in ENCODERS.items()),
    *((name, lambda s=s: lesson.check_sampling(s)) for name, s in SAMPLINGS.items()),
    *((name, lambda d=d: lesson.check_decoder(d(), LATENTS, SHAPE)) for name, d in DECODERS.items()),
    *((name, lambda r=r: lesson.check_reconstruction(r)) for name, r in RECONSTRUCTIONS.items()),
    *((name, lambda k=k: lesson.check_kl(k)) for name, k in KLS.items()),
    ("no-noise", lambda: lesson.check_exercise_1(encode, lambda m, v: m, decode, bce, kl, IMAGES)),
    ("kl-sign", lambda: lesson.check_exercise_1(encode, sampled, decode, bce, KLS["kl-sign"], IMAGES)),
    ("not-trained", lambda: lesson.check_exercise_1(encoder_of(), sampled, decoder_of(), bce, kl, IMAGES)),
    *((n, lambda p=p: lesson.check_exercise_2(p[0], p[0] if p[1] is None else p[1], MODEL, IMAGES))
      for n, p in CODES_AND_IMAGES.items()),
    *((name, lambda p=p: lesson.check_exercise_3(p, MODEL, A, B)) for name, p in PATHS.items()),
    *((name, lambda f=f: lesson.check_exercise_4(f, RESULTS)) for name, f in LOSSES.items()),
    *((name, lambda r=r: lesson.check_exercise_4(beta_loss, r)) for name, r in COMPARISONS.items()),
    *((name, lambda f=f: lesson.check_exercise_5(f, COLLAPSED, HEALTHY)) for name, f in DIAGNOSES.items()),
    *((name, lambda c=c: lesson.check_exercise_5(dead, *c)) for name, c in CURES.items()),
    *HOMEWORK.items(),
]  # fmt: skip


@pytest.mark.parametrize(("name", "work"), MISTAKES, ids=[f"{i}-{name}" for i, (name, _) in enumerate(MISTAKES)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mistake_is_named(
    language: str, name: str, work: Callable[[], lesson.Remark], monkeypatch: pytest.MonkeyPatch
) -> None:
    english = work()
    monkeypatch.setenv("LATENTE_LANG", language)
    remark = work()
    assert remark.mistake == name, remark
    assert repr(remark).startswith("✗ ")
    assert language == "en" or remark.text != english.text


def test_work_that_is_not_done_is_not_wrong() -> None:
    for remark in (lesson.check_sampling(...), lesson.check_exercise_2(None, ..., (..., ...), IMAGES)):
        assert remark.mistake == "todo"
        assert repr(remark).startswith("○ ")


def test_a_message_of_the_students_code_is_passed_on() -> None:
    assert "sampling stopped with ValueError: the shapes do not match." in lesson.check_sampling(stops).text


def test_a_good_homework_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, uneven=1.5)
    assert handed_in().text.startswith("Accepted")


def test_an_untrained_model_is_not_recognizable() -> None:
    assert handed_in().mistake == "not-recognizable"


def test_a_leaping_path_is_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, uneven=2.5)
    assert handed_in().mistake == "not-smooth"


def test_a_vae_of_latente_may_be_handed_in() -> None:
    vae = VAE(image_shape=SHAPE, latent_dim=LATENTS)
    images = vae.decode(CODES[:10])
    assert lesson.check_exercise_3(vae.interpolate(images[0], images[1]), vae, *images[:2]).right


def test_every_advice_is_provoked() -> None:
    assert {name for name, _ in MISTAKES} | {"not-recognizable", "not-smooth"} == set(ADVICE)
