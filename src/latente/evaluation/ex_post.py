"""Ex-post density estimation (Ghosh et al. 2020): a prior fitted to the codes of a trained model, and its worth."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from keras import ops

from latente.backend import multiplying
from latente.errors import UserError
from latente.evaluation.fidelity import NEIGHBOURS, frechet, neighbourhoods
from latente.evaluation.metrics import Metrics, metric
from latente.evaluation.split_measurements import SplitMeasurements
from latente.model.arrays import in_batches
from latente.model.fitted_prior import FittedPrior
from latente.model.vae import VAE
from latente.seeds import spread
from latente.training.run import Run

ENCODED_AT_ONCE = 10_000


def fit_prior(
    run: Run | str | Path,
    kind: Literal["gmm", "gaussian"] = "gmm",
    components: int = 10,
    data_dir: str | None = None,
    seed: int = 0,
) -> Metrics:
    """Fit a density to the codes of the training images, keep it in the run, and compare it with the model's prior.

    Samples then follow the codes that the decoder learned to decode, the aggregate posterior q(z), where the prior
    does not. Each image gives one draw of its posterior. The paper's autoencoders have no posterior but a point;
    the means alone would leave out what q(z) owes to the posteriors' spread.

    Args:
        run: The run or its directory.
        kind: 'gmm', a mixture of Gaussians with full covariances, or 'gaussian', one of them.
        components: Number of Gaussians of a gmm.
        data_dir: Where the data files are now, when not where they were.
        seed: Seed of the draws of codes, of the fit and of the samples.

    Returns:
        Figures on the test images, each with the same of the model's prior among its ``controls``; also written to
        ``metrics.json``. ``fitted_prior_log_density`` is the mean of log p(z) over a draw of each posterior: by what it
        exceeds that of the model's prior, the ELBO rises. Where images have labels, Fréchet distance, precision and
        recall of samples follow, as ``evaluate`` computes them.

    Raises:
        UserError: The run has no model yet, its codes have no density, or its data are not there.
    """
    if kind not in ("gmm", "gaussian"):
        raise UserError(f"kind must be gmm or gaussian. Received {kind!r}.")
    run = run if isinstance(run, Run) else Run(run)
    vae, dataset = run.model(), run.data(data_dir)
    if vae.discrete:
        raise UserError(
            f"fit-prior fits a density to codes. Received posterior {type(vae.posterior).__name__}, whose codes are "
            f"discrete: their prior {type(vae.prior).__name__} is fitted in training."
        )
    count = 1 if kind == "gaussian" else components
    codes = _codes(SplitMeasurements(vae, dataset, "train", seed))
    fitted = FittedPrior.fit(codes, count, seed)
    run.keep_prior(fitted)
    protocol = {
        "group": "fitted prior",
        "kind": kind,
        "components": count,
        "train_n": len(codes),
        "split": "test",
        "seed": seed,
        "epoch": run.epoch_of(vae)["epoch"],
    }
    judged = SplitMeasurements(vae, dataset, "test", seed)
    metrics = {name: one | protocol for name, one in (_log_density(judged, fitted) | _fidelity(judged, fitted)).items()}
    run.add_metrics(metrics)
    return metrics


def _codes(measurements: SplitMeasurements) -> np.ndarray:
    """One draw of the posterior of each image, ``(n, latent_dim)``."""

    def from_on(start: int) -> np.ndarray:
        rows = slice(start, start + ENCODED_AT_ONCE)
        seed = spread(measurements.seed, f"codes of {measurements.split_name} from {start}")
        images = np.asarray(measurements.model_images[rows])
        return measurements.model.encode(images, True, seed, measurements.labels_at(rows))

    return np.concatenate([from_on(start) for start in range(0, len(measurements.split), ENCODED_AT_ONCE)])


def _log_density(measurements: SplitMeasurements, fitted: FittedPrior) -> Metrics:
    z = _codes(measurements)
    own = {"own prior": float(_own_log_prob(measurements.vae, z).mean())}
    value = float(fitted.log_prob(z).mean())
    return {"fitted_prior_log_density": metric(value, "nats", n=len(z), z_samples=1, controls=own)}


@multiplying("float32")
def _own_log_prob(vae: VAE, z: np.ndarray) -> np.ndarray:
    return in_batches(lambda codes: vae.prior.log_prob(ops.convert_to_tensor(codes), vae), z)


def _fidelity(measurements: SplitMeasurements, fitted: FittedPrior) -> Metrics:
    """How near samples are to real images, where there is a classifier to tell."""
    if measurements.classifier is None or len(measurements.real) <= NEIGHBOURS:
        return {}
    real = measurements.features(measurements.real)
    codes = fitted.sample(len(real), seed=measurements.seed)
    drawn = measurements.model.decode(codes, measurements.labels_at(measurements.real_rows))
    features, own = measurements.features(drawn), measurements.features(measurements.samples)
    near, near_own = neighbourhoods(real, features), neighbourhoods(real, own)
    found = {
        "frechet": (frechet(real, features), frechet(real, own), "squared distance"),
        "precision": (near.precision, near_own.precision, "share"),
        "recall": (near.recall, near_own.recall, "share"),
    }
    protocol = {"samples": len(drawn), "n": len(real), "feature_space": measurements.space, "k": NEIGHBOURS}
    return {
        f"fitted_prior_{name}[{measurements.space}]": metric(value, unit, **protocol, controls={"own prior": before})
        for name, (value, before, unit) in found.items()
    }
