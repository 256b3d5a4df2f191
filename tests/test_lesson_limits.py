"""Where the lesson's checks draw the line: the last work that is right, and the first that is wrong, on each side."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers
from scipy.stats import norm

from latente import lesson
from latente.data import Dataset, Split
from latente.lesson import generation, homework
from test_lesson import (
    IMAGES,
    LATENTS,
    MODEL,
    SHAPE,
    A,
    B,
    bce,
    beta_loss,
    conv,
    cross_entropy,
    dead,
    decode,
    digits,
    encode,
    handed_in,
    judged,
    kl,
    line,
    logits,
    sampled,
)

Array = np.ndarray
RNG = np.random.default_rng(5)


def standard(n: int, d: int) -> Array:
    """Draws whose mean is 0 and whose standard deviation is 1 all together, to the last digit."""
    draws = RNG.standard_normal((n, d))
    return (draws - draws.mean()) / draws.std()


def encoder(mean: float = -1.0, log_var: float = -1.0, *more: Array) -> Callable[[Array], list[Array]]:
    """Its means and log-variances reach down to these."""

    def give(images: Array) -> list[Array]:
        return [least + np.arange(2.0 * len(images)).reshape(-1, 2) for least in (mean, log_var)] + list(more)

    return give


def paint(low: float = 0.2, high: float = 0.8, spread: float = 0.1) -> Callable[[Array], Array]:
    """A decoder of images that reach from low to high, but for a first pixel that moves by so much."""

    def give(codes: Array) -> Array:
        images = np.full((len(codes), *SHAPE), 0.5)
        images[:, 0, 0, 0], images[:, 1, 1, 0] = low, high
        images[:, 2, 2, 0] += np.linspace(0, spread, len(codes))
        return images

    return give


def adding_up_to(total: float) -> Callable[[Array], Array]:
    def give(codes: Array) -> Array:
        share = np.linspace(0.1, 0.9, len(codes))[:, None, None, None] * np.ones((1, *SHAPE))
        share[:, :4] = 1 - share[:, :4]
        return share * total / share.sum(axis=(1, 2, 3), keepdims=True)

    return give


def greyed(left: float) -> Callable[[Array], Array]:
    """The lesson's decoder, pulled to the mean image so far that this share of the variance is left unexplained."""
    mean = IMAGES[:500].mean(axis=0)
    return lambda z: mean + (1 - np.sqrt(left)) * (decode(z) - mean)


def drawn(noise: Callable[[int, int], Array] | None = None, times: float = 1, shift: float = 0) -> Callable[..., Array]:
    """A sampling layer with this noise, widened or shifted."""
    rng = np.random.default_rng(8)
    noise = noise or (lambda n, d: rng.standard_normal((n, d)))
    return lambda mean, log_var: mean + np.exp(0.5 * log_var) * (shift + times * noise(*mean.shape))


def in_one_list(sampling: Callable[..., Array]) -> Callable[[list[Array]], Array]:
    return lambda inputs: sampling(*inputs)


def without(what: int) -> Callable[[Array, Array], Array]:
    """A right sampling but for the second latent, which lacks its mean (0) or its noise (1)."""
    right = drawn()

    def sampling(mean: Array, log_var: Array) -> Array:
        z = np.array(right(mean, log_var))
        z[:, 1] = mean[:, 1] if what else z[:, 1] - mean[:, 1]
        return z

    return sampling


GENERATOR = np.random.default_rng(9)


def with_options(inputs: list[Array], *more: Array, training: bool = False, **options: bool) -> Array:
    """A signature of which the first argument alone must be given."""
    mean, log_var = inputs
    return mean + np.exp(0.5 * log_var) * GENERATOR.standard_normal(mean.shape)


def with_seed(z_mean: Array, z_log_var: Array, seed: int | None = None) -> Array:
    return with_options([z_mean, z_log_var])


def heavy(freedom: int) -> Callable[[int, int], Array]:
    """Student's t with variance 1; its kurtosis is 3 + 6 / (freedom - 4)."""
    rng = np.random.default_rng(8)
    return lambda n, d: rng.standard_t(freedom, (n, d)) * np.sqrt((freedom - 2) / freedom)


def shared(correlation: float) -> Callable[[int, int], Array]:
    """Noise of which the latents of an image share a part."""
    rng = np.random.default_rng(8)
    return lambda n, d: (
        np.sqrt(correlation) * rng.standard_normal((n, 1)) + np.sqrt(1 - correlation) * rng.standard_normal((n, d))
    )


def greyed_ends() -> Array:
    """What a model that is no perfect one makes of both images."""
    return greyed(0.3)(encode(np.stack([A, B]))[0])


COARSE = encode, greyed(0.3)
DRAWN = standard(100, LATENTS)
OTHERS = decode(DRAWN[::-1])


def exercise_1(left: float) -> lesson.Remark:
    return lesson.check_exercise_1(encode, sampled, greyed(left), bce, kl, IMAGES)


def exercise_2(codes: Array = DRAWN, made: Array | None = None, n: int = 100) -> lesson.Remark:
    return lesson.check_exercise_2(codes, decode(codes) if made is None else made, MODEL, IMAGES, n)


def with_pixel(images: Array, value: float) -> Array:
    changed = images.astype("float64")
    changed[3, 2, 1, 0] = value
    return changed


def results(elbo: float = 1.0, kl: tuple[float, ...] = (14, 6, 4), order: tuple[int, ...] = (1, 5, 10)) -> dict:
    """Those of three models; the ELBO is so many times what it must be."""
    rows = dict(zip((1, 5, 10), zip((220, 240, 250), kl, strict=True), strict=True))
    return {
        beta: {"reconstruction": rows[beta][0], "kl": rows[beta][1], "elbo": -elbo * sum(rows[beta])} for beta in order
    }


def latents(*variances: float, log_var: float = 0.0) -> tuple[Array, Array]:
    """Means of these variances over images; an even number of them, so that they are exact."""
    signs = np.where(np.arange(8) % 2, 1.0, -1.0)[:, None]
    mean = 3.0 + signs * np.sqrt(np.array(variances))
    return mean - 3.0, np.full_like(mean, log_var)


DEAD, ALIVE = latents(0.0099, 0.0099, 0), latents(1, 0.0099, 0.0101)


def kl_of(*nats: float) -> tuple[Array, Array]:
    """Latents of these nats each: half the square of the mean, with sigma 1."""
    return latents(*(2 * each for each in nats))


def spread(times: float) -> Array:
    """64 images whose every pixel has so many times the standard deviation that draws of the prior have."""
    codes = np.random.default_rng(3).standard_normal((4000, 10)).astype("float32")
    std = float(np.asarray(conv()[1].predict_on_batch(codes)).std(axis=0).mean())
    signs = np.where(np.arange(64) % 2, 1.0, -1.0)[:, None, None, None]
    return 0.5 + times * std * signs * np.ones((1, *digits().image_shape))


def up_sampled() -> tuple[keras.Model, keras.Model]:
    z = keras.Input((10,))
    loud = keras.initializers.RandomNormal(stddev=1.0, seed=0)
    small = layers.Reshape((6, 6, 2))(layers.Dense(72, kernel_initializer=loud)(z))
    image = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(layers.UpSampling2D()(small))
    return conv()[0], keras.Model(z, image)


def ramp(top: float) -> Array:
    """64 images of one grey level each, from 0.5 to so much above."""
    return 0.5 + np.linspace(0, top, 64)[:, None, None, None] * np.ones((1, *digits().image_shape))


def seen() -> Array:
    return digits().test.images[:64] / np.float32(255)


def reconstructed() -> Array:
    encoder, decoder = conv()
    return np.asarray(decoder(encoder(seen())[0]))


def towards_grey(images: Array, by: float) -> Array:
    """Every pixel moved by so much, and none out of [0, 1]."""
    return images + np.where(images < 0.5, by, -by)


Rows = list[tuple[str | None, Callable[[], lesson.Remark]]]
ROWS: dict[str, Rows] = {
    "encoder": [
        (None, lambda: lesson.check_encoder(encoder(), np.linspace(0, 1, 128).reshape(2, *SHAPE))),
        ("pixels-not-scaled", lambda: lesson.check_encoder(encoder(), np.linspace(-1e-3, 1, 128).reshape(2, *SHAPE))),
        ("pixels-not-scaled", lambda: lesson.check_encoder(encoder(), np.linspace(0, 1.001, 128).reshape(2, *SHAPE))),
        (None, lambda: lesson.check_encoder(encoder(mean=-1e-3, log_var=-1e-3), IMAGES)),
        ("mean-not-free", lambda: lesson.check_encoder(encoder(mean=0), IMAGES)),
        ("sigma-not-log-variance", lambda: lesson.check_encoder(encoder(log_var=0), IMAGES)),
        (None, lambda: lesson.check_encoder(encoder(-1, -1, np.zeros(3)), IMAGES)),  # a third output, such as z
        ("shape", lambda: lesson.check_encoder(lambda x: [encoder()(x)[0][:-1]] * 2, IMAGES)),
        ("shape", lambda: lesson.check_encoder(lambda x: [encoder()(x)[0], encoder()(x)[0][:, :1]], IMAGES)),
    ],
    "decoder": [
        (None, lambda: lesson.check_decoder(paint(-0.9e-6, 1 + 0.9e-6), LATENTS, SHAPE)),
        ("no-sigmoid", lambda: lesson.check_decoder(paint(low=-2e-6), LATENTS, SHAPE)),
        ("no-sigmoid", lambda: lesson.check_decoder(paint(high=1 + 2e-6), LATENTS, SHAPE)),
        (None, lambda: lesson.check_decoder(paint(spread=2e-6), LATENTS, SHAPE)),
        ("decoder-blind", lambda: lesson.check_decoder(paint(spread=0.9e-6), LATENTS, SHAPE)),
        ("softmax", lambda: lesson.check_decoder(adding_up_to(1.0009), LATENTS, SHAPE)),
        (None, lambda: lesson.check_decoder(adding_up_to(1.0012), LATENTS, SHAPE)),
        ("softmax", lambda: lesson.check_decoder(adding_up_to(0.9991), LATENTS, SHAPE)),
    ],
    "sampling": [
        (None, lambda: lesson.check_sampling(drawn())),
        (None, lambda: lesson.check_sampling(in_one_list(drawn()))),
        (None, lambda: lesson.check_sampling(with_options)),
        (None, lambda: lesson.check_sampling(with_seed)),
        ("wrong-sigma", lambda: lesson.check_sampling(without(1))),
        ("not-normal", lambda: lesson.check_sampling(without(0))),
        ("no-noise", lambda: lesson.check_sampling(drawn(times=1e-7))),
        ("wrong-sigma", lambda: lesson.check_sampling(drawn(times=1e-3))),
        # A standard deviation of 4,000 draws is known to 1%, and their mean to 0.016.
        (None, lambda: lesson.check_sampling(drawn(times=1.06))),
        ("wrong-sigma", lambda: lesson.check_sampling(drawn(times=1.15))),
        (None, lambda: lesson.check_sampling(drawn(times=0.94))),
        ("wrong-sigma", lambda: lesson.check_sampling(drawn(times=0.85))),
        (None, lambda: lesson.check_sampling(drawn(shift=0.04))),
        ("not-normal", lambda: lesson.check_sampling(drawn(shift=0.16))),
        ("not-normal", lambda: lesson.check_sampling(drawn(shift=-0.16))),
        (None, lambda: lesson.check_sampling(drawn(heavy(30)))),  # kurtosis 3.2
        ("not-normal", lambda: lesson.check_sampling(drawn(heavy(9)))),  # 4.2
        (None, lambda: lesson.check_sampling(drawn(shared(0.85)))),
        ("one-noise-per-image", lambda: lesson.check_sampling(drawn(shared(0.95)))),
    ],
    "terms": [
        (None, lambda: lesson.check_kl(lambda m, v: 1.0009 * kl(m, v))),
        ("not-the-kl", lambda: lesson.check_kl(lambda m, v: 1.0012 * kl(m, v))),
        (None, lambda: lesson.check_kl(lambda m, v: 0.9991 * np.mean(kl(m, v)))),
        ("not-the-kl", lambda: lesson.check_kl(lambda m, v: 0.9988 * np.mean(kl(m, v)))),
        ("not-the-kl", lambda: lesson.check_kl(lambda m, v: np.asarray(kl(m, v))[:, None])),
        ("not-the-kl", lambda: lesson.check_kl(lambda m, v: np.asarray(kl(m, v))[::-1])),
        (None, lambda: lesson.check_kl(lambda m, v: np.asarray(kl(m, v)).mean(keepdims=True))),
        ("latent-mean", lambda: lesson.check_kl(lambda m, v: np.mean(kl(m, v)) / 3)),
        ("not-the-kl", lambda: lesson.check_kl(lambda m, v: np.mean(kl(m, v)) / 2)),
    ],
    "reconstruction": [
        ("not-summed", lambda: lesson.check_reconstruction(lambda x, y: np.sum(cross_entropy(x, y), axis=1))),
        (None, lambda: lesson.check_reconstruction(lambda x, y: 0.9991 * bce(x, y))),
        ("not-cross-entropy", lambda: lesson.check_reconstruction(lambda x, y: 0.9988 * bce(x, y))),
    ],
    "exercise 1": [(None, lambda: exercise_1(0.88)), ("not-trained", lambda: exercise_1(0.92))],
    "exercise 2": [
        (None, lambda: exercise_2()),
        (None, lambda: exercise_2(standard(50, LATENTS), n=50)),
        ("shape", lambda: exercise_2(standard(50, LATENTS))),
        (None, lambda: exercise_2(0.81 * DRAWN)),
        ("scale", lambda: exercise_2(0.79 * DRAWN)),
        (None, lambda: exercise_2(1.19 * DRAWN)),
        ("scale", lambda: exercise_2(1.21 * DRAWN)),
        (None, lambda: exercise_2(DRAWN + 0.29)),
        ("shifted", lambda: exercise_2(DRAWN + 0.31)),
        (None, lambda: exercise_2(DRAWN - 0.29)),
        ("shifted", lambda: exercise_2(DRAWN - 0.31)),
        ("uniform", lambda: exercise_2(DRAWN - DRAWN.min())),
        ("shifted", lambda: exercise_2(DRAWN - DRAWN.min() - 1e-3)),
        (None, lambda: exercise_2(DRAWN * [0, 1.1, 1.1])),
        ("one-code", lambda: exercise_2(DRAWN[:1] + 0.9e-6 * np.arange(100)[:, None] / 99 + np.zeros((100, 1)))),
        ("scale", lambda: exercise_2(np.zeros((100, LATENTS)) + 1e-2 * DRAWN)),
        (None, lambda: exercise_2(made=decode(DRAWN) + 0.029)),
        ("not-decoded", lambda: exercise_2(made=towards_grey(decode(DRAWN), 0.031))),
        ("logits", lambda: exercise_2(made=logits(DRAWN))),
        ("logits", lambda: exercise_2(made=with_pixel(OTHERS, -2e-6))),
        ("logits", lambda: exercise_2(made=with_pixel(OTHERS, 1 + 2e-6))),
        ("not-decoded", lambda: exercise_2(made=with_pixel(OTHERS, -0.9e-6))),
        ("not-decoded", lambda: exercise_2(made=with_pixel(OTHERS, 1 + 0.9e-6))),
        ("reconstructions", lambda: exercise_2(made=towards_grey(IMAGES[:100], 0.028))),
        ("not-decoded", lambda: exercise_2(made=towards_grey(IMAGES[:100], 0.032))),
        ("not-decoded", lambda: exercise_2(made=IMAGES[100:200])),
    ],
    "exercise 3": [
        (None, lambda: lesson.check_exercise_3(line(np.linspace(0, 1, 7)), MODEL, A, B, frames=7)),
        ("frames", lambda: lesson.check_exercise_3(line(np.linspace(0, 1, 9)), MODEL, A, B)),
        ("reversed", lambda: lesson.check_exercise_3(line(np.linspace(0, 1, 10)), MODEL, B, A)),
        (None, lambda: lesson.check_exercise_3(line(np.linspace(0, 1, 10)) + 0.029, MODEL, A, B)),
        ("ends", lambda: lesson.check_exercise_3(line(np.linspace(0, 1, 10)) + 0.031, MODEL, A, B)),
        ("ends", lambda: lesson.check_exercise_3(line(np.linspace(0.2, 1, 10)), MODEL, A, B)),
        ("ends", lambda: lesson.check_exercise_3(line(np.linspace(0, 0.8, 10)), MODEL, A, B)),
        ("uneven", lambda: lesson.check_exercise_3(line(np.linspace(0, 1, 10) ** 0.3), MODEL, A, B)),
        ("cross-fade", lambda: lesson.check_exercise_3(np.linspace(*greyed_ends(), 10), COARSE, A, B)),
    ],
    "exercise 4": [
        (None, lambda: lesson.check_exercise_4(beta_loss, results(1.0009))),
        ("not-the-elbo", lambda: lesson.check_exercise_4(beta_loss, results(1.0012))),
        (None, lambda: lesson.check_exercise_4(beta_loss, results(order=(10, 1, 5)))),
        (None, lambda: lesson.check_exercise_4(beta_loss, results(kl=(14, 6, 5.9)))),
        ("kl-does-not-fall", lambda: lesson.check_exercise_4(beta_loss, results(kl=(14, 6, 6)))),
        ("kl-does-not-fall", lambda: lesson.check_exercise_4(beta_loss, results(kl=(6, 14, 4)))),
        ("figures-missing", lambda: lesson.check_exercise_4(beta_loss, results(order=(1, 10)))),
    ],
    "exercise 5": [
        (None, lambda: lesson.check_exercise_5(dead, DEAD, ALIVE)),
        ("not-collapsed", lambda: lesson.check_exercise_5(dead, latents(0, 0.0101, 0), ALIVE)),
        (None, lambda: lesson.check_exercise_5(dead, DEAD, latents(0, 0.0101, 0))),
        ("not-cured", lambda: lesson.check_exercise_5(dead, DEAD, DEAD)),
        (None, lambda: lesson.check_exercise_5(dead, DEAD, kl_of(59.9, 0, 0))),
        ("autoencoder", lambda: lesson.check_exercise_5(dead, DEAD, kl_of(60.1, 0, 0))),
        (None, lambda: lesson.check_exercise_5(lambda m, v: m.std(axis=0) < 0.02, DEAD, ALIVE)),
        (None, lambda: lesson.check_exercise_5(lambda m, v: m.std(axis=0) < 0.35, DEAD, ALIVE)),
    ],
    "homework": [
        ("epochs", lambda: handed_in(epochs=29)),
        (None, lambda: handed_in(epochs=30)),
        (None, lambda: handed_in(epochs=3, asked=3)),
        ("epochs", lambda: handed_in(epochs=2, asked=3)),
        ("latents", lambda: handed_in(conv(latents=9))),
        ("latents", lambda: handed_in(conv(latents=11))),
        ("logits", lambda: handed_in(generated=with_pixel(spread(1), -2e-6))),
        ("logits", lambda: handed_in(generated=with_pixel(spread(1), 1 + 2e-6))),
        (None, lambda: handed_in(generated=with_pixel(spread(1), -0.9e-6))),
        (None, lambda: handed_in(generated=with_pixel(spread(1), 1 + 0.9e-6))),
        ("not-the-prior", lambda: handed_in(generated=spread(0.68))),
        (None, lambda: handed_in(generated=spread(0.72))),
        (None, lambda: handed_in(generated=spread(1.28))),
        ("not-the-prior", lambda: handed_in(generated=spread(1.32))),
        ("one-code", lambda: handed_in(generated=ramp(0.029))),
        ("not-the-prior", lambda: handed_in(generated=ramp(0.031))),
        ("reconstructions", lambda: handed_in(generated=towards_grey(seen(), 0.029))),
        ("not-the-prior", lambda: handed_in(generated=towards_grey(seen(), 0.032))),
        ("reconstructions", lambda: handed_in(generated=towards_grey(reconstructed(), 0.028))),
    ],
}  # fmt: skip
NUMBERED = [(check, i) for check, rows in ROWS.items() for i in range(len(rows))]
NAMES = [f"{check}-{i}-{ROWS[check][i][0] or 'right'}" for check, i in NUMBERED]


@pytest.mark.parametrize(("check", "row"), NUMBERED, ids=NAMES)
def test_a_limit_is_where_it_is_said_to_be(check: str, row: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, uneven=1.5)  # what a classifier says is another matter
    expected, work = ROWS[check][row]
    remark = work()
    assert remark.mistake == expected, remark


def test_the_figures_of_a_remark_are_those_of_the_work() -> None:
    said = {
        "2 latents each": lesson.check_encoder(encoder(), IMAGES),
        "reach from -2 to 0.8": lesson.check_encoder(encoder(), paint(low=-2)(DRAWN)),
        "from -0.50 to 0.80": lesson.check_decoder(paint(low=-0.5), LATENTS, SHAPE),
        "leaves 50% of the variance": exercise_1(0.5),
        "leave 95% of the variance": exercise_1(0.95),
        "50 codes": exercise_2(standard(50, LATENTS), n=50),
        "standard deviation 1.50,": exercise_2(1.5 * DRAWN),
        "mean -0.40,": exercise_2(DRAWN - 0.4),
        "has 9 images, and 10": lesson.check_exercise_3(line(np.linspace(0, 1, 9)), MODEL, A, B),
        "lack beta = 1, beta = 10.": lesson.check_exercise_4(beta_loss, results(order=(5,))),
        "lack kl.": lesson.check_exercise_4(beta_loss, {b: {"reconstruction": 1, "elbo": 1} for b in (1, 5, 10)}),
        "[6.0, 14.0, 4.0] nats": lesson.check_exercise_4(beta_loss, results(kl=(6, 14, 4))),
        "collapsed: 1 of": lesson.check_exercise_5(dead, latents(0, 1, 0), ALIVE),
        "2 of 3 live now": lesson.check_exercise_5(dead, DEAD, ALIVE),
        "for 2 epochs, and 3": handed_in(epochs=2, asked=3),
        "has 9 latents, and 10": handed_in(conv(latents=9)),
    }
    assert {part: remark.text for part, remark in said.items() if part not in remark.text} == {}


def test_the_log_ratio_of_codes_is_that_of_a_mixture_of_gaussians() -> None:
    """That tells codes around encodings from draws of the prior."""
    mean, sigma = np.array([[0.5, -1.0], [2.0, 0.3], [-1.0, 0.7]]), np.array([[0.5, 2.0], [1.5, 0.3], [0.8, 1.0]])
    codes = np.array([[0.1, 0.2], [1.5, -0.4]])
    q = norm.pdf(codes[:, None], mean, sigma).prod(axis=2).mean(axis=1)
    expected = np.log(q / norm.pdf(codes).prod(axis=1)).mean()
    assert generation._log_ratio(codes, mean, 2 * np.log(sigma)) == pytest.approx(expected)


@pytest.mark.parametrize(("spread", "told"), [(0.3, False), (3.0, True)])
def test_codes_around_encodings_are_told_where_those_are_apart(spread: float, told: bool) -> None:
    """A model that encodes nearly every image as the prior has encodings like its draws: nothing can be told."""
    rng = np.random.default_rng(2)
    mean = spread * rng.standard_normal((300, 8))
    sigma = np.full_like(mean, 0.95 if spread < 1 else 0.1)
    around = mean[:100] + sigma[:100] * rng.standard_normal((100, 8))
    assert generation._around(around, mean, 2 * np.log(sigma)) is told
    assert not generation._around(spread * rng.standard_normal((100, 8)), mean, 2 * np.log(sigma))


def test_an_up_sampling_decoder_mirrors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, uneven=1.5)
    assert handed_in(up_sampled()).right


def test_without_labels_any_two_images_are_unlike(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, uneven=1.5)
    whole = digits()
    test = Split(whole.test.images)
    fade = np.linspace(*test.images[:2] / np.float32(255), 10)
    bare = Dataset("bare", whole.train, whole.validation, test)
    assert lesson.check_homework(conv(), spread(1), fade, (0, 1), bare, 30).mistake == "cross-fade"
    assert lesson.check_homework(conv(), spread(1), fade, (1, 1), bare, 30).mistake == "same-class"


def classified(monkeypatch: pytest.MonkeyPatch, sure: float, uneven: float) -> None:
    """Figures that are all different, so that none can stand for another."""
    samples = {
        "sample_confidence[classifier]": {
            "value": sure,
            "controls": {"real images": 0.95, "cross-fade": 0.71, "noise": 0.61},
            "samples": 500,
        },
        "class_coverage[classifier]": {"value": 0.87, "controls": {"cross-fade": 0.86, "noise": 0.13}},
        "sample_distance[classifier]": {"value": 0.79, "controls": {"noise": 1.5}},
        "classifier_accuracy": {"value": 0.93},
    }
    between = {
        "interpolation_smoothness[classifier]": {
            "value": uneven,
            "controls": {"cross-fade": 1.1, "noise": 3},
            "pairs": 9,
        },
        "midpoint_distance[classifier]": {"value": 0.67, "controls": {"noise": 1.4}},
    }
    monkeypatch.setattr(homework.metrics, "samples", lambda _: samples)
    monkeypatch.setattr(homework.metrics, "interpolations", lambda _: between)


def test_what_a_classifier_missed_is_told_with_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    classified(monkeypatch, sure=0.55, uneven=1)
    assert (
        "is 0.55 sure of them (0.95 of real images), they show 87% of the variety of classes, and lie 0.79 times as far"
        in handed_in().text
    )
    classified(monkeypatch, sure=0.9, uneven=2.34)
    assert "step is 2.34 times the mean one (at most 2 is asked), and midpoints lie 0.67 times" in handed_in().text
