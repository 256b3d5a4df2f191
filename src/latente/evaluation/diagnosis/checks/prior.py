"""Checks of the samples: does the prior draw where the codes lie, and are samples what they are said to be?"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from latente.evaluation.diagnosis.checks import check
from latente.evaluation.diagnosis.finding import Finding
from latente.evaluation.diagnosis.measurements import Measurements, total_variance
from latente.language import text

HOLES = 0.4
"""Less than this share of the prior's images lies among what encodings decode to. Two halves of the encodings have
0.98 against each other; healthily trained models had 0.54 (64 x 64 shapes) to 0.98."""
MISFIT = 2.0
"""Nats per latent of sum_j KL(q(z_j), p(z_j)). It costs that much to shift a latent's codes by two standard deviations;
healthily trained models had 0.02 to 1.2, autoencoders 4 and more."""
GOOD = 1.1
"""Reconstructions are good where their error is at most a tenth above that of the best linear VAE."""
FEW = 0.1
"""Samples that reach a tenth of the neighbourhoods show few of the modes: as many draws of the posteriors reach 0.97,
those of the prior of healthily trained models 0.20 or more."""
NEARER = 0.9
"""The probability that a claimed sample lies nearer to a known encoding than a true prior draw does, from which on it
was made from that encoding: equal sources give 0.5, and a spread of 0.02 over a thousand samples."""


@check
def hole_problem(measurements: Measurements) -> Finding | None:
    """The aggregate posterior is not the prior: good reconstructions, bad samples (Rosca et al. 2018)."""
    if measurements.unusable:
        return None
    if (
        measurements.prior_match.precision >= HOLES
        and measurements.aggregate.dimension_wise_kl < MISFIT * measurements.latent_dim
    ):
        return None
    error, linear = measurements.unexplained, measurements.unexplained_by_linear
    if error > GOOD * linear:
        return None
    figures = {
        "prior_precision": measurements.prior_match.precision,
        "prior_coverage": measurements.prior_match.coverage,
        "marginal_kl": measurements.aggregate.marginal_kl,
        "total_correlation": measurements.aggregate.total_correlation,
        "dimension_wise_kl": measurements.aggregate.dimension_wise_kl,
        "unexplained": error,
    }
    return Finding(
        "prior-mismatch",
        "sick",
        text(
            "Reconstructions are good ({unexplained:.0%} of the variance unexplained), but the codes do not fill the "
            "prior: {prior_precision:.0%} of the images decoded from it lie among those decoded from encodings, and "
            "reach {prior_coverage:.0%} of their neighbourhoods. KL(q(z), p(z)) is about {marginal_kl:.3g} nats, "
            "{total_correlation:.3g} of them dependence between latents and {dimension_wise_kl:.3g} the latents' own "
            "shapes.",
            **figures,
        ),
        figures,
        text(
            "The codes of the data fill a part of the prior, or lie outside of it; most draws hit holes that the "
            "decoder never saw. The KL weighs too little, or there are many latents."
        ),
        text(
            "Latente: --beta 2 or more, or fewer --latent-dim. Plain Keras: a larger factor on the KL. Or sample from "
            "a density fitted to the codes (latente fit-prior) instead of N(0, 1)."
        ),
    )


@check
def few_modes(measurements: Measurements) -> Finding | None:
    """Samples show a few kinds of image again and again."""
    claimed = measurements.samples is not None
    if measurements.unusable or (not claimed and hole_problem(measurements)):
        return None
    samples = measurements.prior_images if measurements.samples is None else measurements.samples
    match = measurements.sample_match
    variety = total_variance(samples) / max(total_variance(measurements.posterior_images), 1e-12)
    if match.coverage >= FEW or match.precision < HOLES:  # these show what no encoding does: another finding
        return None
    figures = {"coverage": match.coverage, "variety": variety, "claimed": claimed}
    return Finding(
        "few-modes",
        "sick",
        text(
            "{which} reach {coverage:.0%} of the neighbourhoods of decoded encodings, and their pixels vary by "
            "{variety:.0%} as much.",
            which=text("The samples given") if claimed else text("Samples from the prior"),
            **figures,
        ),
        figures,
        text(
            "The draws come from a small part of the codes: a temperature far below 1, a few fixed codes, or codes "
            "that lie so far out that N(0, 1) meets only the middle of them."
        ),
        text(
            "Draw from N(0, 1) in every latent (Latente: sample(n, temperature=1)). If the codes spread far beyond 1, "
            "raise the weight of the KL (--beta 1; plain Keras: the factor on the KL)."
        ),
    )


@check
def samples_around_encodings(measurements: Measurements) -> Finding | None:
    """What is said to be drawn from the prior was drawn around encodings of real images."""
    if measurements.samples is None or measurements.unusable:
        return None
    own, drawn = map(measurements.distance_to_encodings, (measurements.samples, measurements.prior_images))
    nearer = float(roc_auc_score(np.repeat([0, 1], [len(own), len(drawn)]), np.concatenate([own, drawn])))
    if nearer < NEARER:
        return None
    figures = {"median_distance": float(np.median(own)), "median_of_prior": float(np.median(drawn)), "nearer": nearer}
    return Finding(
        "samples-around-encodings",
        "sick",
        text(
            "The samples lie {median_distance:.3g} from the nearest reconstruction of a real image (median, Euclidean "
            "in pixels), true prior samples {median_of_prior:.3g}; a sample is nearer than a prior draw with "
            "probability {nearer:.0%}.",
            **figures,
        ),
        figures,
        text(
            "The samples were decoded from encodings of real images plus noise: they are reconstructions, and say "
            "nothing of what the model can make by itself."
        ),
        text(
            "Draw the codes from the prior: decoder(numpy.random.standard_normal((n, latent_dim))). Latente's sample "
            "never calls the encoder."
        ),
    )
