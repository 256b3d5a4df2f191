"""The doctor's checks as a table: figures just inside and just outside of each condition, and what must be found.

The figures are written by hand: no model, and images of four pixels. The limits stand here as numbers and not as the
constants of the checks, so that a moved one shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latente.evaluation.aggregate import Aggregate
from latente.evaluation.diagnosis import silence as silent
from latente.evaluation.diagnosis.checks import CHECKS, data, decoder, latents, prior, training, weight
from latente.evaluation.diagnosis.effective_beta import EffectiveBeta
from latente.evaluation.diagnosis.finding import Finding
from latente.evaluation.diagnosis.history import History
from latente.evaluation.diagnosis.linear import LinearVAE
from latente.evaluation.diagnosis.silence import Layer, Silence
from latente.evaluation.foreign import Scale
from latente.language import shown

Array = np.ndarray


@dataclass(frozen=True)
class Case:
    """A model that differs from the healthy one in some figures, and what a check must find: a name, or nothing."""

    why: str
    given: dict[str, Any]
    found: str = ""
    severity: str = ""
    says: tuple[str, ...] = ()


def well(why: str, **given: Any) -> Case:
    return Case(why, given)


def sick(why: str, found: str, *says: str, **given: Any) -> Case:
    """``says`` are parts of the evidence, with figures in them."""
    return Case(why, given, found, "sick", says)


def remark(why: str, found: str, *says: str, **given: Any) -> Case:
    return Case(why, given, found, "remark", says)


def pixels(*four: float) -> Array:
    return np.reshape(np.array(four, "float64"), (2, 2, 1))


def flat(*levels: float) -> Array:
    """Images of one grey level each."""
    return np.stack([np.full((2, 2, 1), level) for level in levels])


# Two patterns of four pixels that do not correlate, each of mean 0 and standard deviation 1.
COLUMNS, LINES = pixels(1, -1, 1, -1), pixels(1, 1, -1, -1)
MEAN = 0.5 + 0.25 * COLUMNS
REAL = np.stack([MEAN + 0.25 * LINES, MEAN - 0.25 * LINES] * 2)  # each pixel has the variance 1/16, all together 1/4
LINEAR = np.stack([MEAN] * 4)  # what the best linear VAE makes of them
LABELS = np.array([1, 0, 2, 0])


def moved(share: float) -> Array:
    """Images whose pixels vary by this share of the variance of the real ones."""
    return MEAN + np.sqrt(share) * (REAL - MEAN)


def unexplained_by(images: Array) -> float:
    return float(np.square(REAL - images).sum(axis=(1, 2, 3)).mean() / 0.25)


def model(likelihood: str = "Bernoulli", error: float = 0.25) -> SimpleNamespace:
    """Its reconstructions are off by so much in every pixel, which leaves 4 error^2 / 0.25 unexplained."""

    def reconstruct(images: Array, labels: Array) -> Array:
        assert labels is LABELS
        return images + error

    return SimpleNamespace(likelihood_name=likelihood, reconstruct=reconstruct)


def linear_sharpness(value: float) -> Callable[[Array], float]:
    def relative_sharpness(images: Array) -> float:
        assert images is LINEAR
        return value

    return relative_sharpness


def match(precision: float = 0.9, coverage: float = 0.8) -> SimpleNamespace:
    return SimpleNamespace(precision=precision, coverage=coverage)


def marginal(each: float) -> Aggregate:
    """Each of four latents so far from the prior, and 0.5 nats of dependence between them."""
    return Aggregate(7.0, 0.5, np.full(4, each))


def beta(value: float, error: float = 0.01) -> EffectiveBeta:
    return EffectiveBeta(value, error)


def silence(layer: Array) -> Silence:
    return Silence((Layer("first", np.zeros(10, bool)), Layer("second", layer)))


def units(silent: int) -> Array:
    """A hundred units."""
    return np.arange(100) < silent


def positions(*silent: int) -> Array:
    """A feature map of 2 x 2 positions of a hundred units each."""
    return (np.arange(100) < np.reshape(silent, (4, 1))).reshape(2, 2, 100)


def moving(first: float) -> Array:
    """Images whose first pixel has this variance, and the others 1: a tenth of the mean is 0.0769 of the first."""
    return np.sqrt(pixels(first, 1, 1, 1)) * np.reshape([1, -1], (2, 1, 1, 1))


def log(**curves: list[float]) -> History:
    return History([dict(zip(curves, row, strict=True)) for row in zip(*curves.values(), strict=True)])


def log_var(*values: Array) -> dict[str, Any]:
    """10,000 log-variances of two latents, all different and between -5 and 5 but for those given."""
    given = np.concatenate([np.zeros(0), *values])
    return {"posterior": (np.zeros(2), np.append(np.linspace(-5, 5, 10_000 - len(given)), given).reshape(-1, 2))}


HEALTHY: dict[str, Any] = {
    "images": REAL,
    "labels": LABELS,
    "train_images": None,
    "samples": None,
    "scale": Scale(),
    "history": History(),
    "model": model(),
    "pixels": 300,
    "latent_dim": 4,
    "active": 4,
    "mean": np.array([[2.0, 2.0, -1.0, 0.0], [-1.0, 4.0, 1.0, 0.5]]),  # they spread by 1.5, 1, 1, 0.25
    "log_var": np.full((2, 4), np.log(0.25)),
    "kl_per_dimension": np.array([2.0, 4.0, 1.0, 0.5]),
    "kl": 7.5,
    "collapse_epoch": None,
    "reconstruction": 60.0,
    "elbo": -67.5,
    "elbos": np.array([-60.0, -75.0]),
    "train_elbos": None,
    "told": 1000.0,
    "reconstructions": moved(0.81),
    "posterior_images": REAL,
    "prior_images": REAL,
    "silence": silence(units(0)),
    "effective_beta": beta(1.0),
    "aggregate": marginal(0.25),
    "spread": 0.25,
    "unexplained": 0.2,
    "unexplained_by": unexplained_by,
    "unexplained_by_linear": 0.3,
    "linear": LinearVAE(LINEAR, active=4),
    "unusable": False,
    "prior_match": match(),
    "sample_match": match(0.7, 0.7),
    "distance_to_encodings": lambda images: images.mean(axis=(1, 2, 3)),
    "sharpness": 0.9,
    "relative_sharpness": linear_sharpness(0.9),
    **log_var(),
}
"""What ``Measurements`` gives of a healthy model."""

GAUSSIAN, SIGNED = model("Gaussian"), Scale(-1, 1)


def means(correlation: float, contrast: float = 0.25) -> Array:
    """Three images whose mean correlates so with that of the real ones."""
    return np.stack([0.5 + contrast * (correlation * COLUMNS + np.sqrt(1 - correlation**2) * LINES)] * 3)


DATA = {
    "out_of_range": [
        well("pixels in [0, 1] come in and go out"),
        well("a hundredth beyond the ends", reconstructions=flat(-0.0099, 1.0099)),
        sick("below", "data-out-of-range", "reach from -0.0101 to 1 (", reconstructions=flat(-0.0101, 1)),
        sick("above", "data-out-of-range", "reach from 0 to 1.01 (", reconstructions=flat(0, 1.0101)),
        well("another likelihood may have any means", model=GAUSSIAN, reconstructions=flat(-1, 2)),
        sick("bytes", "data-out-of-range", "lie in [0, 255].", scale=Scale(0, 255), model=GAUSSIAN),
        sick("signed, but coins", "data-out-of-range", "lie in [-1, 1].", scale=SIGNED),
        remark("signed", "data-out-of-range", "lie in [-1, 1].", scale=SIGNED, model=GAUSSIAN),
        sick("half signed", "data-out-of-range", "lie in [-0.5, 1].", scale=Scale(-0.5, 1), model=GAUSSIAN),
        sick("signed and wide", "data-out-of-range", "lie in [-1, 2].", scale=Scale(-1, 2), model=GAUSSIAN),
    ],
    "inverted": [
        well("the same kind of image", train_images=REAL, samples=REAL),
        well("another kind", train_images=means(-0.49), samples=means(-0.49), reconstructions=means(-0.49)),
        sick("training", "data-inverted", "mean of the training images is", "-0.51", train_images=means(-0.51)),
        sick("decoded", "data-inverted", "mean of the reconstructions is", "-0.51", reconstructions=means(-0.51)),
        sick("samples", "data-inverted", "mean of the samples is", "-0.51", samples=means(-0.51)),
        sick("a little contrast", "data-inverted", "(correlation -1.00)", samples=means(-1, 0.0102)),
        well("too little contrast", samples=means(-1, 0.0098)),
        sick("a little in the real images", "data-inverted", images=REAL - 0.2398 * COLUMNS, samples=means(-1)),
        well("too little in the real images", images=REAL - 0.2402 * COLUMNS, samples=means(-1), model=model(error=1)),
        well("the negatives fit half as well", model=model(error=0.125), unexplained=0.5),
        sick("better", "data-inverted", "leaves 51% of", "and 25% of", model=model(error=0.125), unexplained=0.51),
        well("the images fit well", model=model(error=0.125), unexplained=0.2),
        well("no better than the mean image", model=model(error=0.25), unexplained=9.0),
        sick("just better", "data-inverted", "leaves 900%", "98% of", model=model(error=0.248), unexplained=9.0),
    ],
}  # fmt: skip


def hundred(share: float, edge: float = 1.0) -> dict[str, Any]:
    """An image of a hundred pixels, this share of them at an edge and the others grey, and a bad error."""
    return bad(np.where(np.arange(100) < round(100 * share), edge, 0.5).reshape(1, 10, 10, 1))


def bad(decoded: Array, unexplained: float = 1.06) -> dict[str, Any]:
    return {"posterior_images": decoded, "unexplained": unexplained}


SOFT = {"sharpness": 0.79, "relative_sharpness": linear_sharpness(1.0), "unexplained": 0.4}
DEAD_POSITION = {"silence": silence(positions(100, 0, 0, 0))}

DECODER = {
    "decoder_constant": [
        well("images"),
        sick("flat", "decoder-saturated", "0% of the decoded", "vary by 0 (", "is 1.1 times", **bad(flat(0.3, 0.7))),
        well("flat, and little worse than the mean image", **bad(flat(0.3, 0.7), unexplained=1.04)),
        sick("flatter than a thousandth", "decoder-saturated", **bad(np.stack([0.5 + 0.00098 * COLUMNS] * 2))),
        well("not quite flat", **bad(np.stack([0.5 + 0.00102 * COLUMNS] * 2))),
        sick("white", "decoder-saturated", "98% of the decoded pixels", **hundred(0.98)),
        well("not quite", **hundred(0.97)),
        sick("black", "decoder-saturated", "99% of the decoded pixels", **hundred(0.99, edge=0)),
        sick("nearly white", "decoder-saturated", **hundred(0.99, edge=0.99902)),
        well("less white", **hundred(0.99, edge=0.99898)),
        sick("nearly black", "decoder-saturated", **hundred(0.99, edge=0.00098)),
        well("less black", **hundred(0.99, edge=0.00102)),
        # The real pixels are 0, 0.5, 0.5 and 1.
        sick("grey data", "decoder-saturated", "; 50% of the real pixels are grey", **bad(flat(0.3, 0.7))),
        sick("all grey", "decoder-saturated", "; 100% of", images=flat(0.051, 0.949), **bad(flat(0.3, 0.7))),
        sick("black and white", "decoder-saturated", "; 0% of", images=flat(0.049, 0.951), **bad(flat(0.3, 0.7))),
    ],
    "decoder_ignores_z": [
        well("codes move the pixels"),
        well("a little", posterior_images=moved(0.0101)),
        sick("not at all", "decoder-ignores-z", "3 of 4 latents carry information (KL 7.5 nats)",
             "vary by 1.0% of the variance", posterior_images=moved(0.0099), active=3),
        well("all is collapsed", posterior_images=moved(0.0099), active=0),
        well("hardly trained", posterior_images=moved(0.0099), history=History(steps=199)),
        sick("trained", "decoder-ignores-z", posterior_images=moved(0.0099), history=History(steps=200)),
        well("saturated, which says more", **bad(flat(0.5, 0.5))),
        sick("not saturated", "decoder-ignores-z", **bad(flat(0.5, 0.5), unexplained=1.04)),
    ],
    "blur": [
        well("as sharp as the linear VAE's"),
        sick("softer and worse", "blur", "are 79% as sharp", "leave 40% of", "has 100% and 30%.",
             "The effective beta is 7.", effective_beta=beta(7), **SOFT),
        sick("of an unknown beta", "blur", effective_beta=None, **SOFT),
        well("worse, and nearly as sharp", **SOFT | {"sharpness": 0.8}),
        well("worse, and soft as the linear VAE's", **SOFT | {"relative_sharpness": linear_sharpness(0.98)}),
        well("softer, and as good", **SOFT | {"unexplained": 0.3}),
        well("unusable", unusable=True, **SOFT),
    ],
    "silent_decoder": [
        well("all units fire"),
        well("many do", silence=silence(units(39))),
        remark("few do", "silent-decoder-units", "Up to 40% of the units", silence=silence(units(40))),
        well("a tenth at a position", silence=silence(positions(90, 0, 0, 0))),
        sick("less", "silent-decoder-units", "At 1 of the 4 positions", silence=silence(positions(91, 0, 0, 0))),
        sick("two positions", "silent-decoder-units", "Up to 50% of the units", "At 2 of the 4 positions",
             silence=silence(positions(100, 0, 0, 100))),
        sick("under a pixel that moves", "silent-decoder-units", images=moving(0.0785), **DEAD_POSITION),
        well("under one that does not", images=moving(0.0755), **DEAD_POSITION),
        sick("of its second channel", "silent-decoder-units",
             images=np.concatenate([np.zeros((2, 2, 2, 1)), moving(1)], axis=3), **DEAD_POSITION),
        well("unusable", unusable=True, **DEAD_POSITION),
        well("hardly trained", history=History(steps=199), **DEAD_POSITION),
        sick("trained", "silent-decoder-units", history=History(steps=200), **DEAD_POSITION),
        well("not to be looked into", silence=None),
    ],
}  # fmt: skip

HALF_DEAD = {"active": 2, "linear": LinearVAE(LINEAR, active=3), "unexplained": 0.55, "unexplained_by_linear": 0.5}
BOUND = np.full(50, -12.0)
LATENT_FIGURES = {"latent_dim": 4, "kl": 7.5, "kl_per_dimension": [2, 4, 1, 0.5], "z_mean_std": [1.5, 1, 1, 0.25]}

LATENTS = {
    "posterior_collapse": [
        well("one lives", active=1),
        sick("all dead", "posterior-collapse", "All 4 latents are dead", "(the most: 4)", "std() is 1.5 at most",
             "about 1. The decoder", active=0),
        sick("as the log tells", "posterior-collapse", "shows it from epoch 3 on.", active=0, collapse_epoch=3),
    ],
    "partial_collapse": [
        well("all live"),
        well("all live, and reconstruct badly", **HALF_DEAD | {"active": 4, "linear": LinearVAE(LINEAR, active=5)}),
        well("all dead", **HALF_DEAD | {"active": 0}),
        sick("some dead, at a cost", "partial-collapse", "2 of 4 latents are active", "leave 55% of",
             "50% with 3 active latents.", "The effective beta is 30.", effective_beta=beta(30), **HALF_DEAD),
        sick("of an unknown beta", "partial-collapse", effective_beta=None, **HALF_DEAD),
        well("at hardly any cost", **HALF_DEAD | {"unexplained": 0.545}),
        well("the linear VAE has no more", **HALF_DEAD | {"linear": LinearVAE(LINEAR, active=2)}),
    ],
    "spare_latents": [
        well("all live"),
        well("all dead", active=0),
        well("some dead, at a cost", **HALF_DEAD),
        remark("at no cost", "spare-latents", "2 of 4 latents are active", "leave 54% of", "VAE 50%.",
               **HALF_DEAD | {"unexplained": 0.54}),
    ],
    "log_variance": [
        well("calm"),
        sick("large", "log-variance-exploded", "from -5 to 10.4: 1% of them exceed 10",
             **log_var(np.linspace(10.1, 10.4, 100))),
        well("fewer than one in a hundred", **log_var(np.linspace(10.1, 10.4, 99))),
        well("less large", **log_var(np.linspace(9.6, 9.9, 200))),
        sick("on the lower bound", "log-variance-clamped", "from -9 to 5: 1% sit on a bound",
             **log_var(np.full(100, -9.0))),
        well("on no bound that anyone sets", **log_var(np.full(100, -8.9))),
        well("fewer than one in a hundred on a bound", **log_var(np.full(99, -9.0))),
        sick("on the upper bound", "log-variance-clamped", "2% sit", **log_var(np.full(200, 9.5), [-9.5])),
        sick("large on a bound", "log-variance-exploded", "2% of them exceed 10", **log_var(np.full(200, 12.0))),
        sick("but for rounding", "log-variance-clamped", **log_var(BOUND, BOUND * (1 - 0.98e-6))),
        well("beside the bound", **log_var(BOUND, BOUND * (1 - 1.02e-6))),
    ],
}  # fmt: skip

HOLES = {"prior_match": match(precision=0.39, coverage=0.3)}
FAR_OUT = {"aggregate": marginal(2.0)}  # of four latents: 8 nats
FEW = {"prior_match": match(0.4, 0.099), "sample_match": match(0.4, 0.099), "prior_images": moved(0.25)}


def nearer(draws: int) -> dict[str, Any]:
    """Samples 0.5 from the encodings, and prior draws of which so many in a hundred lie farther."""
    return {"samples": flat(0.5, 0.5, 0.5), "prior_images": flat(*[0.25] * (100 - draws), *[0.75] * draws)}


PRIOR = {
    "hole_problem": [
        well("prior and codes are alike"),
        sick("the prior draws elsewhere", "prior-mismatch", "(20% of the variance unexplained)", "39% of the images",
             "reach 30% of", "is about 1.5 nats, 0.5 of them dependence", "and 1 the latents'", **HOLES),
        well("four in ten lie among the codes", prior_match=match(precision=0.4)),
        sick("codes far out", "prior-mismatch", "about 8.5 nats, 0.5 of them", "and 8 the latents'", **FAR_OUT),
        well("less far", aggregate=marginal(1.99), active=3),
        sick("good as the linear VAE", "prior-mismatch", unexplained=0.55, unexplained_by_linear=0.5, **HOLES),
        well("bad reconstructions have another cause", unexplained=0.56, unexplained_by_linear=0.5, **HOLES),
        well("unusable", unusable=True, **HOLES),
    ],
    "few_modes": [
        well("many kinds"),
        sick("few", "few-modes", "Samples from the prior reach 10% of", "vary by 25% as much", **FEW),
        sick("few of few", "few-modes", "vary by 50% as much", posterior_images=moved(0.5), **FEW),
        well("a tenth of the neighbourhoods", **FEW | {"sample_match": match(0.4, 0.101)}),
        well("images that no encoding shows", samples=REAL, **FEW | {"sample_match": match(0.39, 0.05)}),
        well("holes, which say more", **FEW, **FAR_OUT),
        sick("of given samples", "few-modes", "The samples given reach 5% of", "vary by 36% as much",
             samples=moved(0.36), sample_match=match(0.9, 0.05), **FAR_OUT),
        well("the given ones are fine", samples=REAL, **FEW | {"sample_match": match()}),
        well("unusable", unusable=True, **FEW),
        well("unusable, with samples", unusable=True, samples=REAL, **FEW),
    ],
    "samples_around_encodings": [
        well("no samples"),
        sick("nearer", "samples-around-encodings", "lie 0.5 from the nearest", "true prior samples 0.75;",
             "with probability 91%", **nearer(91)),
        well("not so sure", **nearer(89)),
        well("farther", **nearer(2)),
        well("unusable", unusable=True, **nearer(91)),
    ],
}  # fmt: skip

CONSTANT = np.full(3, -100.0)  # whose mean has no error
APART = np.array([-2.0, 2.0]), np.array([-3.0, 0.0, 3.0])  # variances 4 of 2 and 6 of 3: the error is 2


def elbos(train: Array, held_out: Array, told: float = 1000.0, **given: Any) -> dict[str, Any]:
    return {"train_elbos": train, "elbos": held_out, "elbo": held_out.mean(), "told": told, **given}


def rising(share: float, epochs: int = 20, tail: int = 2) -> dict[str, Any]:
    """An ELBO that rose from -100 to 0, by this share in its last epochs."""
    before, after = np.linspace(-100, -100 * share, epochs - tail), np.linspace(-100 * share, 0, tail + 1)[1:]
    return {"history": log(val_elbo=[*before, *after])}


def underfit(unexplained: float = 0.63, value: float = 1.0) -> dict[str, Any]:
    return {"unexplained": unexplained, "unexplained_by_linear": 0.5, "effective_beta": beta(value)}


def planned(epochs: int | None, of: int | None, steps: int | None = None) -> History:
    return History([{"loss": 1.0}] * epochs, epochs=of, steps=steps)


TRAINING = {
    "kl_dominates_from_start": [
        well("no log", active=0),
        sick("never a KL", "kl-dominates-from-start", "was 0.05 nats after the first", "never rose above 0.099",
             "leave 98% of", active=0, history=log(val_kl=[0.05, 0.099, 0.01]), unexplained=0.98),
        well("a KL once", active=0, history=log(val_kl=[0.05, 0.1, 0.01])),
        well("a latent lives", active=1, history=log(val_kl=[0.05, 0.09])),
        sick("in training alone", "kl-dominates-from-start", active=0, history=log(kl=[0.05, 0.09])),
        well("in validation first", active=0, history=log(kl=[0.05, 0.09], val_kl=[0.05, 0.2])),
        sick("of which one is missing", "kl-dominates-from-start", "above 0.09;", active=0,
             history=History([{"kl": 0.05, "val_kl": 0.2}, {"kl": 0.09}])),
    ],
    "overfitting": [
        well("no training images"),
        sick("a gap", "overfitting", "is -64.9 nats on training images and -100 on held-out", "gap of 35.1 +- 0 nats",
             "3.5% of what", **elbos(CONSTANT + 35.1, CONSTANT)),
        well("a smaller one", **elbos(CONSTANT + 34.9, CONSTANT)),
        well("the other way round", **elbos(CONSTANT, CONSTANT + 35.1)),
        sick("three errors", "overfitting", "gap of 6 +- 2 nats, 6.0% of", **elbos(APART[0] + 6, APART[1], told=100)),
        well("less than three errors", **elbos(APART[0] + 5.9, APART[1], told=100)),
        well("unusable", unusable=True, **elbos(CONSTANT + 35.1, CONSTANT)),
    ],
    "diverged": [
        well("no log"),
        well("a calm log", history=log(loss=[100, 40, 0, 0], elbo=[-100, -40, 0, 0])),
        sick("no number", "diverged", "not a number (3 epochs)", history=log(loss=[100, np.nan, 0])),
        sick("infinity", "diverged", "not a number (2 epochs)", history=log(val_loss=[100, np.inf])),
        sick("an ELBO that is none", "diverged", "not a number", history=log(loss=[1, 0], elbo=[-1, np.nan])),
        sick("a loss that rose again", "diverged", "ends at 51 after 0 (4 epochs)", history=log(loss=[100, 40, 0, 51])),
        well("by half of its way", history=log(loss=[100, 40, 0, 50])),
        sick("with the ELBO", "diverged", history=log(loss=[100, 0, 51], elbo=[-100, 0, -51])),
        well("but not the ELBO", history=log(loss=[100, 0, 51], elbo=[-100, 0, -50])),
        well("the ELBO alone", history=log(loss=[100, 0, 50], elbo=[-100, 0, -51])),
        well("an ELBO without a loss", history=log(elbo=[-100, 0, -51])),
        well("held out, it stays", history=log(loss=[100, 0, 51], val_loss=[100, 0, 0])),
        well("held out, the ELBO stays", history=log(loss=[100, 0, 51], elbo=[-100, 0, -51], val_elbo=[-100, 0, 0])),
        well("a loss that never fell, as in a warm-up", history=log(loss=[0, 50, 100])),
    ],
    "stopped_too_early": [
        well("no log"),
        sick("the ELBO still rose", "stopped-too-early", "ended after 20 epochs.", "brought 2% of all",
             **rising(0.0201)),
        well("it hardly did", **rising(0.0199)),
        sick("a tenth is rounded", "stopped-too-early", "ended after 16 epochs.", **rising(0.0201, epochs=16)),
        well("a tenth of four epochs is one", **rising(0.0199, epochs=4, tail=1)),
        sick("three epochs", "stopped-too-early", "brought 50% of all", history=log(elbo=[-2, -1, 0])),
        well("of two nothing can be read", history=log(elbo=[-2, 0])),
        well("nor of no numbers", history=log(elbo=[-2, np.nan, -1, 0])),
        well("nor of a flat line", history=log(elbo=[-2, -2, -2])),
        well("the way is from the lowest", history=log(elbo=[-50, -100, -1.9, 0])),
        sick("held out", "stopped-too-early", history=log(elbo=[-9, 0, 0], val_elbo=[-2, -1, 0])),
        sick("worse than a linear VAE", "stopped-too-early", "leave 63% of", "latents 50%, and", "(effective beta 1)",
             **underfit(0.63)),
        well("hardly worse", **underfit(0.625)),
        sick("a heavy KL", "stopped-too-early", **underfit(value=2.99)),
        well("too heavy a KL", **underfit(value=3.0)),
        sick("a light KL", "stopped-too-early", **underfit(value=0.101)),
        well("an autoencoder", **underfit(value=0.1)),
        well("an unknown KL", **underfit() | {"effective_beta": None}),
        sick("cut short", "stopped-too-early", "ended after 4 of 5 epochs.", history=planned(4, of=5)),
        well("as planned", history=planned(5, of=5)),
        sick("few steps", "stopped-too-early", "is a model of 199 optimizer", history=planned(5, of=5, steps=199)),
        well("more steps", history=planned(5, of=5, steps=200)),
        well("unusable", unusable=True, **rising(0.5)),
        sick("unusable for want of steps", "stopped-too-early", unusable=True, history=planned(5, of=5, steps=199)),
    ],
}  # fmt: skip


def losses(loss: float | None, beta: float | None = None, **given: Any) -> dict[str, Any]:
    """A collapsed model of 300 pixels, and the loss that its training told: 0.2 by the pixel, and a KL of 0.04."""
    return {"active": 0, "effective_beta": None, "kl": 0.04, "history": History(loss=loss, beta=beta), **given}


WEIGHT = {
    "averaged_over_pixels": [
        well("beta 1"),
        sick("a beta of three times the pixels", "loss-averaged-over-pixels", "effective beta is 897:",
             "KL counted 897", "has 300 pixels", effective_beta=beta(897)),
        well("more", effective_beta=beta(903)),
        sick("a third of the pixels", "loss-averaged-over-pixels", effective_beta=beta(101)),
        well("less", effective_beta=beta(99)),
        sick("of the beta that was meant", "loss-averaged-over-pixels",
             effective_beta=beta(1700), history=History(beta=2)),
        well("half of it", effective_beta=beta(150), history=History(beta=2)),
        sick("none was meant", "loss-averaged-over-pixels", effective_beta=beta(101), history=History(beta=0)),
        sick("of a beta so small that the estimate is below 1", "loss-averaged-over-pixels",
             effective_beta=beta(0.5), history=History(beta=0.001)),
        well("a negative estimate", effective_beta=beta(-300)),
        well("none", effective_beta=beta(0)),
        well("collapsed, of an unknown loss", **losses(None)),
        sick("collapsed, of a loss by the pixel", "loss-averaged-over-pixels", "reported loss, 0.24, is the",
             "averaged over pixels plus the KL (0.24); summed it would be 60.04. So the KL counted 300 times",
             **losses(0.24)),
        well("not collapsed", **losses(0.24, active=1)),
        sick("a little more", "loss-averaged-over-pixels", **losses(0.282)),
        well("much more", **losses(0.283)),
        sick("a little less", "loss-averaged-over-pixels", **losses(0.2088)),
        well("much less", **losses(0.2086)),
        sick("twice the half", "loss-averaged-over-pixels", "as twice the half squared error plus", "(0.44)",
             **losses(0.44)),
        well("a loss by the image", **losses(60.04)),
        well("no loss that is known", **losses(10)),
        sick("of beta 3", "loss-averaged-over-pixels", "(0.32); summed it would be 60.12", **losses(0.32, beta=3)),
        sick("of beta 0", "loss-averaged-over-pixels", "(0.2); summed it would be 60.", **losses(0.2, beta=0)),
        sick("twice the half, of beta 3", "loss-averaged-over-pixels", "(0.52)", **losses(0.52, beta=3)),
        sick("of a density", "loss-averaged-over-pixels", "(-0.16)", **losses(-0.16, reconstruction=-60.0)),
    ],
    "autoencoder": [
        well("beta 1"),
        sick("next to none", "autoencoder", "effective beta 0.08, KL 7.5 nats, mean sigma 0.5 (", "spread by 1.5 at",
             "Only 90% of the images", effective_beta=beta(0.08, 0.0099)),
        well("not for sure", effective_beta=beta(0.08, 0.0101)),
        sick("told so", "autoencoder", "no weight: KL 7.5 nats", effective_beta=None, history=History(beta=0)),
        well("unknown", effective_beta=None),
        well("told to have one", effective_beta=None, history=History(beta=0.01)),
        well("unusable", unusable=True, effective_beta=beta(0.01, 0)),
        sick("unusable, and told so", "autoencoder", unusable=True, history=History(beta=0)),
        well("a decoder that is wrong", unexplained=1.0, effective_beta=beta(0.01, 0)),
        sick("a bad one", "autoencoder", unexplained=0.99, effective_beta=beta(0.01, 0)),
    ],
}  # fmt: skip

TABLE: dict[str, list[Case]] = {**DATA, **DECODER, **LATENTS, **PRIOR, **TRAINING, **WEIGHT}
ROWS = [(check, case) for check, cases in TABLE.items() for case in cases]


def finding(check: str, case: Case) -> Finding | None:
    (function,) = (each for each in CHECKS if each.__name__ == check)
    return function(SimpleNamespace(**HEALTHY | case.given))


def name_of(found: Finding | None) -> str:
    return found.name if found else ""


@pytest.mark.parametrize(("check", "case"), ROWS, ids=[f"{check}: {case.why}" for check, case in ROWS])
def test_a_check_finds_what_the_table_says(check: str, case: Case) -> None:
    found = finding(check, case)
    assert name_of(found) == case.found, found
    if found:
        assert found.severity == case.severity
        evidence = shown(found.evidence)
        assert [part for part in case.says if part not in evidence] == [], evidence


def test_every_check_has_rows_of_the_well_and_of_the_sick() -> None:
    assert {check: {bool(case.found) for case in cases} for check, cases in TABLE.items()} == {
        check.__name__: {True, False} for check in CHECKS
    }


FIGURES: dict[tuple[str, str], dict[str, Any]] = {
    ("out_of_range", "bytes"): {"low": 0, "high": 255, "decoded_low": 0.025, "decoded_high": 0.975},
    ("inverted", "training"): {"against": "training images", "correlation": -0.51},
    ("inverted", "better"): {"unexplained": 0.51, "unexplained_of_negatives": 0.25},
    ("decoder_constant", "all grey"): {"saturated": 0, "pixel_std": 0, "grey_in_data": 1, "unexplained": 1.06},
    ("decoder_ignores_z", "not at all"): {"decoded_variance": 0.0099, "active_units": 3, "kl": 7.5},
    ("blur", "softer and worse"): {
        "sharpness": 0.79,
        "sharpness_of_linear_vae": 1,
        "unexplained": 0.4,
        "unexplained_by_linear_vae": 0.3,
        "effective_beta": 7,
    },
    ("silent_decoder", "two positions"): {"silent_units": 0.5, "silent_positions": 2, "positions": 4},
    ("posterior_collapse", "as the log tells"): {**LATENT_FIGURES, "active_units": 0, "epoch": 3},
    ("partial_collapse", "some dead, at a cost"): {
        **LATENT_FIGURES,
        "active_units": 2,
        "unexplained": 0.55,
        "unexplained_by_linear_vae": 0.5,
    },
    ("spare_latents", "at no cost"): {**LATENT_FIGURES, "active_units": 2},
    ("log_variance", "large"): {
        "log_var_min": -5,
        "log_var_max": 10.4,
        "share_exploded": 0.01,
        "share_clamped": 0.0001,
    },
    ("log_variance", "on the upper bound"): {
        "log_var_min": -9.5,
        "log_var_max": 9.5,
        "share_exploded": 0,
        "share_clamped": 0.02,
    },
    ("hole_problem", "codes far out"): {
        "prior_precision": 0.9,
        "prior_coverage": 0.8,
        "marginal_kl": 8.5,
        "total_correlation": 0.5,
        "dimension_wise_kl": 8,
        "unexplained": 0.2,
    },
    ("few_modes", "of given samples"): {"coverage": 0.05, "variety": 0.36, "claimed": True},
    ("samples_around_encodings", "nearer"): {"median_distance": 0.5, "median_of_prior": 0.75, "nearer": 0.91},
    ("kl_dominates_from_start", "never a KL"): {"kl_by_epoch": [0.05, 0.099, 0.01], "unexplained": 0.98},
    ("overfitting", "three errors"): {
        "train_elbo": 6,
        "elbo": 0,
        "gap": 6,
        "standard_error": 2,
        "share": 0.06,
    },
    ("diverged", "a loss that rose again"): {"epochs": 4, "loss": [100, 40, 0, 51]},
    ("stopped_too_early", "cut short"): {
        "epochs": 4,
        "planned": 5,
        "rising": 0,
        "unexplained": 0.2,
        "by_linear_vae": 0.3,
    },
    ("averaged_over_pixels", "a third of the pixels"): {"effective_beta": 101, "pixels": 300},
    ("averaged_over_pixels", "twice the half, of beta 3"): {
        "loss": 0.52,
        "pixels": 300,
        "summed over pixels": 60.12,
        "averaged over pixels": 0.32,
        "averaged over pixels, as twice the half squared error": 0.52,
    },
    ("autoencoder", "next to none"): {
        "effective_beta": 0.08,
        "kl": 7.5,
        "sigma": 0.5,
        "z_mean_std": [1.5, 1, 1, 0.25],
        "prior_precision": 0.9,
    },
}


def the_case(check: str, why: str) -> Case:
    (case,) = (case for case in TABLE[check] if case.why == why)
    return case


@pytest.mark.parametrize(("row", "expected"), FIGURES.items(), ids=map(" ".join, FIGURES))
def test_the_figures_of_a_finding_are_the_models(row: tuple[str, str], expected: dict[str, Any]) -> None:
    found = finding(row[0], the_case(*row))
    assert found
    assert found.figures.keys() == expected.keys()
    for name, value in expected.items():
        assert found.figures[name] == (value if isinstance(value, str) else pytest.approx(value)), name


def test_the_figures_of_every_finding_are_written_down() -> None:
    assert {the_case(*row).found for row in FIGURES} == {case.found for _, case in ROWS} - {""}


def test_cause_and_remedy_are_those_of_the_finding() -> None:
    spare, large, bound = (
        finding(check, the_case(check, why))
        for check, why in (
            ("spare_latents", "at no cost"),
            ("log_variance", "large"),
            ("log_variance", "on the lower bound"),
        )
    )
    assert spare and large and bound
    assert "--latent-dim 2 gives" in spare.remedy
    assert "is no log-variance" in large.cause
    assert "a clip holds the log-variances" in bound.cause


def test_only_the_reasons_that_hold_are_told() -> None:
    def told(check: str, why: str) -> str:
        found = finding(check, the_case(check, why))
        assert found
        return shown(found.evidence)

    assert told("out_of_range", "bytes") == "The images lie in [0, 255]."
    assert told("out_of_range", "below").startswith("Decoded pixels reach")
    assert told("stopped_too_early", "cut short") == "Training ended after 4 of 5 epochs."
    assert told("stopped_too_early", "worse than a linear VAE").startswith("Reconstructions leave")
    assert told("stopped_too_early", "three epochs") == (
        "Training ended after 3 epochs. The ELBO still rose: the last tenth of them brought 50% of all progress."
    )
    assert "positions" not in told("silent_decoder", "few do")
    assert "beta is" not in told("blur", "of an unknown beta")
    assert "beta is" not in told("partial_collapse", "of an unknown beta")


MODULES = [data, decoder, latents, prior, training, weight, silent]
ELSEWHERE = {"STILL"}  # of ``watch``, which looks at a network
LIMITS = [
    (module, name)
    for module in MODULES
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, int | float) and name not in ELSEWHERE
]


@pytest.mark.parametrize(("module", "name"), LIMITS, ids=[f"{m.__name__.split('.')[-1]}.{name}" for m, name in LIMITS])
@pytest.mark.parametrize("way", [1, -1], ids=["higher", "lower"])
def test_a_limit_that_moves_by_a_twentieth_breaks_a_row(
    module: ModuleType, name: str, way: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a new limit needs a row close to it on each side."""
    limit = getattr(module, name)
    monkeypatch.setattr(module, name, limit + way * (1 if isinstance(limit, int) else 0.05 * abs(limit)))
    assert [case.why for check, case in ROWS if name_of(finding(check, case)) != case.found]
