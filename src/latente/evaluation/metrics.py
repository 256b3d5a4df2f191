"""The figures of a model on a split, in groups: by name an object with ``value``, ``unit`` and its own protocol."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from keras import ops

from latente.data import Images
from latente.evaluation import disentanglement
from latente.evaluation.aggregate import COMPONENTS, DRAWS, decompose
from latente.evaluation.fidelity import NEIGHBOURS, frechet, neighbourhoods
from latente.evaluation.importance import log_likelihood
from latente.evaluation.inception import SPACE as INCEPTION
from latente.evaluation.interpolations import noise_between, smoothness
from latente.evaluation.memorization import memorization
from latente.evaluation.recognizability import recognizability
from latente.evaluation.sharpness import sharpness
from latente.evaluation.split_measurements import ENCODED, SplitMeasurements
from latente.model.arrays import batches, in_batches
from latente.model.latent_model import interpolate_codes
from latente.model.posteriors.code_usage import CodeUsage
from latente.model.posteriors.discrete import DiscretePosterior
from latente.model.vae import VAE
from latente.pixels import cross_fade, unit_scale

Metrics = dict[str, dict[str, Any]]

PAIRS, FRAMES = 100, 11
NEIGHBOURS_OF = 500
"""Samples, and held-out images, whose nearest training images are looked for."""
FEWEST_PAIRS = 100
"""Fewer codes with factors are not scored: the scores train and test on them."""


def metric(value: Any, unit: str, **protocol: Any) -> dict[str, Any]:
    """A figure with its unit and protocol."""
    return {"value": value, "unit": unit, **protocol}


def _beside_controls(values: Mapping[str, float], unit: str, **protocol: Any) -> dict[str, Any]:
    """The figure of the first of several things; the same of the others are its ``controls``."""
    (_, value), *controls = values.items()
    return metric(value, unit, **protocol, controls=dict(controls))


def bound(measurements: SplitMeasurements) -> Metrics:
    """The ELBO at beta = 1 and its parts, over the whole split; in bits too, where it bounds a probability."""
    found = measurements.elbo_terms
    parts = {
        "elbo": found.elbo.mean(),
        "elbo_standard_error": found.elbo.std() / np.sqrt(len(found.elbo)),
        "reconstruction": found.reconstruction.mean(),
        "kl": found.kl.mean(axis=0).sum(),
    }
    protocol = {"n": len(found.elbo), "z_samples": 1}
    metrics = {name: metric(float(value), "nats", **protocol) for name, value in parts.items()}
    return metrics | _bits(measurements, found.elbo.mean(), measurements.model_images, protocol)


def importance(measurements: SplitMeasurements, samples: int, images: int) -> Metrics:
    """The importance-sampled bound on log p(x) over some images of the split."""
    rows = measurements.rows(len(measurements.split), images)
    x = np.asarray(measurements.model_images[rows])
    found = log_likelihood(measurements.vae, x, samples, measurements.seed, measurements.labels_at(rows))
    value, error = float(found.bound.mean()), float(found.bound.std() / np.sqrt(len(x)))
    elbo = float(measurements.elbo_terms.elbo[rows].mean())
    protocol = {"n": len(x), "z_samples": samples}
    metrics = {
        "log_likelihood": metric(value, "nats", **protocol, controls={"elbo of these images": elbo}),
        "log_likelihood_standard_error": metric(error, "nats", **protocol),
        "effective_samples": metric(float(found.effective_samples.mean()), f"of {samples} draws", **protocol),
    }
    return metrics | _bits(measurements, value, x, protocol)


def latents(measurements: SplitMeasurements) -> Metrics:
    """What the latents do, and how far their aggregate is from the prior."""
    found, n = measurements.elbo_terms, len(measurements.elbo_terms.elbo)
    metrics = {
        "active_units": metric(int(found.active.sum()), f"of {len(found.active)} latents", n=n),
        "z_mean_std": metric(found.mean.std(axis=0).tolist(), "per latent", n=n),
    }
    model = measurements.model
    if model.discrete:
        return metrics | _codes(measurements)
    if model.factorizes:
        metrics["kl_per_dimension"] = metric(found.kl.mean(axis=0).tolist(), "nats", n=n)
    if not model.standard:
        return metrics
    rows = measurements.rows(n, ENCODED)
    mean, log_var = model.moments(np.asarray(measurements.model_images[rows]), measurements.labels_at(rows))
    parts = decompose(mean, log_var, measurements.seed)
    protocol = {"n": min(n, COMPONENTS), "draws": min(n, DRAWS), "estimator": "full sample"}
    for name in ("mutual_information", "total_correlation", "dimension_wise_kl", "marginal_kl"):
        metrics[name] = metric(getattr(parts, name), "nats", **protocol)
    metrics["mutual_information"]["controls"] = {"at most log n": math.log(min(n, COMPONENTS))}
    each = parts.marginal_kl_per_dimension.tolist()
    return metrics | {"marginal_kl_per_dimension": metric(each, "nats", **protocol)}


def _codes(measurements: SplitMeasurements) -> Metrics:
    """How many of its codes a discrete posterior uses, over the whole split."""
    vae = measurements.vae
    posterior = cast(DiscretePosterior, vae.posterior)
    usage = CodeUsage(posterior.codes, posterior.stages)
    indices = in_batches(
        lambda x, y: vae.posterior_parameters(x, y)["indices"], measurements.model_images, measurements.labels_at()
    )
    usage.update_state(ops.convert_to_tensor(indices))
    found = {name: float(ops.convert_to_numpy(value)) for name, value in usage.result().items()}
    of = f"of {posterior.codes} codes"
    return {
        "perplexity": metric(found["perplexity"], of, n=len(measurements.split)),
        "code_usage": metric(found["code_usage"], f"share {of}", n=len(measurements.split)),
    }


def reconstructions(measurements: SplitMeasurements) -> Metrics:
    """Decoded posterior means against their images."""
    real = measurements.real
    decoded = measurements.model.reconstruct(real, measurements.labels_at(measurements.real_rows))
    return {
        "reconstruction_mse": metric(float(np.mean((decoded - real) ** 2)), "per pixel in [0, 1]", n=len(real)),
        **_sharpness("reconstruction_sharpness", decoded, measurements),
    }


def samples(measurements: SplitMeasurements) -> Metrics:
    """Decoded draws of the prior against real images."""
    held_out, drawn = measurements.dataset.test.images, measurements.samples[:NEIGHBOURS_OF]
    unseen = unit_scale(held_out[measurements.rows(len(held_out), NEIGHBOURS_OF)])
    near = memorization(drawn, unseen, measurements.train)
    return {
        **_sharpness("sample_sharpness", measurements.samples, measurements),
        **_recognizability(measurements),
        **_realism(measurements),
        **_fidelities(measurements),
        "memorization[pixels]": metric(
            near.ratio, "1 = new", samples=len(drawn), n=len(unseen), train_n=len(measurements.train)
        ),
    }


def interpolations(measurements: SplitMeasurements) -> Metrics:
    """Straight paths between random pairs of images, with a cross-fade of their pixels and noise as controls.

    A conditional model decodes each frame as the class of the nearer end, as ``LatentModel.interpolate`` does.
    """
    pairs = min(PAIRS, len(measurements.real) // 2)
    if pairs == 0:
        return {}
    starts, ends = measurements.real[:pairs], measurements.real[pairs : 2 * pairs]
    model, labels = measurements.model, measurements.labels_at(measurements.real_rows[: 2 * pairs])
    first, last = np.split(model.encode(measurements.real[: 2 * pairs], labels=labels), 2)
    path = np.concatenate([interpolate_codes(a, b, FRAMES, "linear") for a, b in zip(first, last, strict=True)])
    if labels is not None:
        labels = np.concatenate([model.nearer(ends, FRAMES) for ends in labels.reshape(2, pairs).T])
    paths = {
        "decoded": model.decode(path, labels),
        "cross-fade": cross_fade(starts, ends, FRAMES).reshape(-1, *starts.shape[1:]),
        "noise": noise_between(starts, ends, FRAMES, measurements.seed).reshape(-1, *starts.shape[1:]),
    }
    features = {name: measurements.features(frames).reshape(pairs, FRAMES, -1) for name, frames in paths.items()}
    evenness = {name: float(smoothness(x).mean()) for name, x in features.items()}
    middles = {name: frames[FRAMES // 2 :: FRAMES] for name, frames in paths.items()} | {"real images": starts}
    relative = _relative_distances(measurements, middles)
    protocol = {"n": 2 * pairs, "pairs": pairs, "frames": FRAMES, "path": "linear", "feature_space": measurements.space}
    return {
        f"interpolation_smoothness[{measurements.space}]": _beside_controls(evenness, "1 = even", **protocol),
        f"midpoint_distance[{measurements.space}]": _beside_controls(relative, "of a cross-fade's", **protocol),
    }


def _relative_distances(measurements: SplitMeasurements, images: dict[str, np.ndarray]) -> dict[str, float]:
    """How far images are from the nearest training image, over how far cross-fades are."""
    distances = {name: measurements.distance_to_train(each) for name, each in images.items()}
    fade = distances.pop("cross-fade")
    return {name: distance / fade for name, distance in distances.items()}


def factors(measurements: SplitMeasurements) -> Metrics:
    """Disentanglement of the mean codes, where at least two factors of the images are known and vary."""
    known = measurements.split.factors
    if known is None or measurements.model.latent_dim < 2:
        return {}
    rows = measurements.rows(len(known), ENCODED)
    varying = np.flatnonzero(np.ptp(known[rows], axis=0) > 0)
    if len(varying) < 2 or len(rows) < FEWEST_PAIRS:
        return {}
    codes = measurements.model.encode(np.asarray(measurements.split.images[rows]), labels=measurements.labels_at(rows))
    scores = disentanglement.scores(codes, known[rows][:, varying], seed=measurements.seed)
    names = measurements.dataset.factor_names or [str(i) for i in range(known.shape[1])]
    protocol = {"n": len(rows), "factors": [names[i] for i in varying]}
    return {name: metric(float(score), "0 to 1, more is better", **protocol) for name, score in scores.items()}


def _bits(measurements: SplitMeasurements, nats: float, images: Images, protocol: Mapping[str, Any]) -> Metrics:
    """-log p(x) / (D log 2) for D pixels and channels, or nothing: the bits of a density hang on the pixels' unit."""
    model = measurements.model
    if not (isinstance(model, VAE) and all(model.likelihood.is_probability(x) for (x,) in batches(images))):
        return {}
    bits = -nats / (math.prod(images.shape[1:]) * math.log(2))
    return {"bits_per_dimension": metric(float(bits), "bits", **protocol)}


def _sharpness(name: str, images: np.ndarray, measurements: SplitMeasurements) -> Metrics:
    if min(measurements.model.image_shape[:2]) < 3:
        return {}
    return {name: metric(sharpness(images, measurements.real), "1 = as sharp as real", n=len(images))}


def _recognizability(measurements: SplitMeasurements) -> Metrics:
    judge = measurements.classifier
    if judge is None:
        return {}
    found = {name: recognizability(judge.probabilities(images)) for name, images in measurements.shown.items()}
    confidence = {name: each.confidence for name, each in found.items()}
    coverage = {name: each.coverage for name, each in found.items()}
    protocol = {"samples": len(measurements.samples), "n": len(measurements.real)}
    return {
        "sample_confidence[classifier]": _beside_controls(confidence, "mean top-1", **protocol),
        "class_coverage[classifier]": _beside_controls(coverage, "1 = all classes alike", **protocol),
        "classifier_accuracy": metric(judge.protocol["accuracy"], "of real test images", n=judge.protocol["n"]),
    }


def _realism(measurements: SplitMeasurements) -> Metrics:
    relative = _relative_distances(measurements, measurements.shown)
    protocol = {"samples": len(measurements.samples), "n": len(measurements.real), "feature_space": measurements.space}
    name = f"sample_distance[{measurements.space}]"
    return {name: _beside_controls(relative, "of a cross-fade's", **protocol)}


def _fidelities(measurements: SplitMeasurements) -> Metrics:
    spaces = {"classifier": measurements.classifier, INCEPTION: measurements.inception}
    if len(measurements.real) <= NEIGHBOURS:
        return {}
    return {
        name: one
        for space, network in spaces.items()
        if network is not None
        for name, one in _fidelity(measurements, space, network.features).items()
    }


def _fidelity(measurements: SplitMeasurements, space: str, features: Callable[[np.ndarray], np.ndarray]) -> Metrics:
    real = features(measurements.real)
    shown = {"samples": measurements.samples, "train images": measurements.train[: len(real)], **measurements.impostors}
    features_of = {name: features(images) for name, images in shown.items()}
    distances = {name: frechet(real, features_of[name]) for name in ("samples", "train images")}
    near = {name: vars(neighbourhoods(real, each)) for name, each in features_of.items()}
    protocol = {"samples": len(measurements.samples), "n": len(real), "feature_space": space}
    metrics = {f"frechet[{space}]": _beside_controls(distances, "squared distance", **protocol)}
    for name in near["samples"]:
        values = {of: each[name] for of, each in near.items()}
        unit = "balls, over k" if name == "density" else "share"
        metrics[f"{name}[{space}]"] = _beside_controls(values, unit, **protocol, k=NEIGHBOURS)
    return metrics
