"""Checks of how training went: from the log, and from training images against held-out ones."""

from __future__ import annotations

import numpy as np

from latente.evaluation.diagnosis.checks import check
from latente.evaluation.diagnosis.checks.latents import WARM_UP
from latente.evaluation.diagnosis.checks.weight import AUTOENCODER_BETA
from latente.evaluation.diagnosis.finding import Figures, Finding
from latente.evaluation.diagnosis.measurements import Measurements
from latente.language import sentences, text

GAP = 0.035
"""The gap between the ELBO of training and held-out images, as a share of what the codes tell about an image. Models
trained on thousands of images had 0.1% to 2.2%, one on 200 images 4.6%, though its best epoch was kept."""
CERTAIN = 3.0
"""The gap must exceed so many of its standard errors: small sets differ by chance."""
STILL_RISING = 0.02
"""Of the way from the first epoch to the last, the share that the last tenth of the epochs still made."""
FEW_EPOCHS = 3
"""Of fewer epochs no curve can be read."""
UNDERFIT = 1.25
"""The error over that of the best linear VAE that only an unfinished model has, as long as the KL does not weigh too
much: those trained to the end had at most 1.06, one after a single epoch 2.4."""
LIGHT = 3.0
"""Up to this effective beta the KL is not to blame for a bad reconstruction (4 cost 1.01 of the linear VAE's error)."""
FALL = 0.5
"""The loss rose, and the ELBO fell, by half of the way it had come."""
GROUND = 0.1
"""Nats. A total KL that never rose above this never carried anything."""


@check
def kl_dominates_from_start(measurements: Measurements) -> Finding | None:
    """The KL was pressed to zero in the first epochs, and the reconstruction never got going."""
    kl = _curve(measurements, "val_kl", "kl")
    if measurements.active or len(kl) == 0 or not (kl < GROUND).all():
        return None
    return Finding(
        "kl-dominates-from-start",
        "sick",
        text(
            "The KL was {first:.2g} nats after the first epoch and never rose above {most:.2g}; the reconstructions "
            "leave {unexplained:.0%} of the variance unexplained, as the mean image would.",
            first=kl[0],
            most=kl.max(),
            unexplained=measurements.unexplained,
        ),
        {"kl_by_epoch": kl, "unexplained": measurements.unexplained},
        text("From the first steps on, a small KL was worth more than any detail: the decoder never learned to use z."),
        WARM_UP,
    )


@check
def overfitting(measurements: Measurements) -> Finding | None:
    """The ELBO of held-out images lags far behind that of training images."""
    if measurements.train_elbos is None or measurements.unusable:
        return None
    train, held_out = measurements.train_elbos, measurements.elbos
    gap, told = train.mean() - held_out.mean(), measurements.told
    error = np.sqrt(train.var() / len(train) + held_out.var() / len(held_out))
    if gap < max(GAP * told, CERTAIN * error):
        return None
    figures = {
        "train_elbo": train.mean(),
        "elbo": measurements.elbo,
        "gap": gap,
        "standard_error": error,
        "share": gap / told,
    }
    return Finding(
        "overfitting",
        "sick",
        text(
            "The ELBO is {train_elbo:.4g} nats on training images and {elbo:.4g} on held-out ones: a gap of {gap:.3g} "
            "+- {standard_error:.1g} nats, {share:.1%} of what a code tells about its image.",
            **figures,
        ),
        figures,
        text("Too many epochs or too large a network for so few images."),
        text(
            "Latente: --training.patience 5 (it keeps the best epoch by the validation ELBO), a smaller --network, "
            "more data, --latent-dim smaller. Plain Keras: EarlyStopping(monitor='val_loss', "
            "restore_best_weights=True)."
        ),
    )


@check
def diverged(measurements: Measurements) -> Finding | None:
    """The log holds a loss that is not a number, or the loss rose again."""
    elbo, loss = _curve(measurements, "val_elbo", "elbo"), _curve(measurements, "val_loss", "loss")
    broken = not (np.isfinite(elbo).all() and np.isfinite(loss).all())
    # Both, where both are known: a warm-up raises the loss, and an autoencoder lowers the ELBO.
    fell = not broken and len(loss) > 0 and _fell(-loss) and (len(elbo) == 0 or _fell(elbo))
    if not broken and not fell:
        return None
    evidence = (
        text("The log holds a loss that is not a number ({epochs} epochs).", epochs=len(loss))
        if broken
        else text(
            "The loss in the log ends at {last:.4g} after {least:.4g} ({epochs} epochs).",
            last=loss[-1],
            least=loss.min(),
            epochs=len(loss),
        )
    )
    return _divergence(evidence, {"epochs": len(measurements.history.log), "loss": loss})


def broken(evidence: str) -> Finding:
    """The finding of a model that gives no numbers any more."""
    return _divergence(sentences(evidence, text("Nothing else can be measured.")), {})


def _divergence(evidence: str, figures: Figures) -> Finding:
    return Finding(
        "diverged",
        "sick",
        evidence,
        figures,
        text("The learning rate is too high, or a log-variance overflowed."),
        text(
            "Latente: --lr a tenth of what it was, or --precision float32. Plain Keras: a lower learning rate, "
            "keras.optimizers.Adam(..., clipnorm=1), and the loss from logits."
        ),
    )


@check
def stopped_too_early(measurements: Measurements) -> Finding | None:
    """Training ended while the ELBO still rose, or before the model was as good as a linear one."""
    few = measurements.history.few_steps
    if measurements.unusable and not few:
        return None
    log, planned = measurements.history.log, measurements.history.epochs
    rising = _still_rising(_curve(measurements, "val_elbo", "elbo"))
    error, linear = measurements.unexplained, measurements.unexplained_by_linear
    beta = measurements.effective_beta
    underfit = beta is not None and AUTOENCODER_BETA < beta.value < LIGHT and error > UNDERFIT * linear
    cut = planned is not None and len(log) < planned
    if rising < STILL_RISING and not underfit and not cut and not few:
        return None
    evidence = [_ended(len(log), planned)] if log else []
    if few:
        evidence.append(text("It is a model of {steps} optimizer steps.", steps=measurements.history.steps))
    if rising >= STILL_RISING:
        rose = text("The ELBO still rose: the last tenth of them brought {rising:.0%} of all progress.", rising=rising)
        evidence.append(rose)
    if beta is not None and underfit:
        evidence.append(
            text(
                "Reconstructions leave {error:.0%} of the pixels' variance unexplained, the best linear VAE with as "
                "many latents {linear:.0%}, and the KL does not weigh too much (effective beta {beta:.2g}).",
                error=error,
                linear=linear,
                beta=beta.value,
            )
        )
    return Finding(
        "stopped-too-early",
        "sick",
        sentences(*evidence),
        {"epochs": len(log), "planned": planned, "rising": rising, "unexplained": error, "by_linear_vae": linear},
        text("The run was interrupted or has too few steps for its learning rate, or the network is too small."),
        text(
            "Latente: latente train --resume RUN if it was interrupted, else more --epochs, and with few images a "
            "smaller --batch-size. Plain Keras: more epochs."
        ),
    )


def _ended(epochs: int, planned: int | None) -> str:
    if planned:
        return text("Training ended after {epochs} of {planned} epochs.", epochs=epochs, planned=planned)
    return text("Training ended after {epochs} epochs.", epochs=epochs)


def _still_rising(elbo: np.ndarray) -> float:
    """The share of all progress that the last tenth of the epochs made; 0 where no curve can be read."""
    if len(elbo) < FEW_EPOCHS or not np.isfinite(elbo).all():
        return 0.0
    tail = max(1, round(len(elbo) / 10))
    return float((elbo[-1] - elbo[-1 - tail]) / max(np.ptp(elbo), 1e-12))


def _fell(curve: np.ndarray) -> bool:
    """Whether a curve that should rise fell back by half of its way."""
    return len(curve) >= FEW_EPOCHS and bool(curve.max() - curve[-1] > FALL * (curve.max() - curve[0]) > 0)


def _curve(measurements: Measurements, *names: str) -> np.ndarray:
    """The first of the named figures that the log has in every epoch, or an empty array."""
    for name in names:
        if measurements.history.log and all(name in entry for entry in measurements.history.log):
            return np.array([entry[name] for entry in measurements.history.log], "float64")
    return np.array([])
