"""Disentanglement: how cleanly each known factor of the data sits in its own latent dimension.

The scores are those of Locatello et al. 2019 ("Challenging Common Assumptions in the Unsupervised Learning of
Disentangled Representations", appendix C), on mean codes. All lie in [0, 1] and more is better. The protocol differs
from theirs where a fixed set of pairs (code, factors) replaces a generator of images, or where speed asked for it:

- Batches that share the value of a factor are drawn from the given pairs; the other factors vary as they do there.
- DCI and SAP train on two thirds of the pairs and test on the rest; DCI uses a forest instead of boosted trees.
- BetaVAE and SAP standardize each dimension of the code first, so that its unit does not matter.

Scores of different protocols, numbers of pairs or sets of factors should not be compared with each other. To read
them, know their ends. With 10,000 images of ``shapes``, the factors themselves as the code score mig 0.90, sap 0.25
and 1 in the rest; ten dimensions of pure noise score modularity 0.68, irs 0.37, beta_vae and factor_vae 0.20 (a guess
among five), dci_informativeness 0.12 and 0 in the rest. ``mig``, ``sap`` and ``modularity`` say why.
"""

from __future__ import annotations

import numpy as np

from latente.evaluation.disentanglement.fixed_factor import beta_vae, factor_vae
from latente.evaluation.disentanglement.information import mig, modularity
from latente.evaluation.disentanglement.prediction import DCI, dci, sap
from latente.evaluation.disentanglement.robustness import irs

__all__ = ["DCI", "beta_vae", "dci", "factor_vae", "irs", "mig", "modularity", "sap", "scores"]


def scores(codes: np.ndarray, factors: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Every score of the code of a set of images whose factors are known.

    A code that says nothing (all dimensions constant) scores 0, except ``beta_vae`` and ``dci_informativeness``:
    these are accuracies of classifiers, which then only guess.

    Args:
        codes: Posterior means, ``(n, d)`` with d >= 2; n = 10,000 is customary.
        factors: The factors of the same images, whole numbers, ``(n, f)`` with f >= 2.
        seed: Seed of every draw and split: two calls agree.

    Returns:
        By name: ``beta_vae``, ``factor_vae``, ``mig``, ``dci_disentanglement``, ``dci_completeness``,
        ``dci_informativeness``, ``sap``, ``modularity``, ``irs``.

    Raises:
        UserError: The arrays do not have these shapes, hold NaN or infinity, or a factor never varies.
    """
    eastwood = dci(codes, factors, seed)
    return {
        "beta_vae": beta_vae(codes, factors, seed),
        "factor_vae": factor_vae(codes, factors, seed),
        "mig": mig(codes, factors),
        "dci_disentanglement": eastwood.disentanglement,
        "dci_completeness": eastwood.completeness,
        "dci_informativeness": eastwood.informativeness,
        "sap": sap(codes, factors, seed),
        "modularity": modularity(codes, factors),
        "irs": irs(codes, factors),
    }
