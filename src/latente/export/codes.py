"""Codes to decode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from latente.training.run import Run

if TYPE_CHECKING:
    from latente.model.vae import VAE


def draw_codes(run: Run, vae: VAE, n: int) -> np.ndarray:
    """Codes ``(n, latent_dim)``, float32, from what ``latente sample`` draws from: the fitted prior, or the model's."""
    fitted = run.fitted_prior
    codes = fitted.sample(n) if fitted else vae.sample_codes(n)
    return codes.astype("float32")
