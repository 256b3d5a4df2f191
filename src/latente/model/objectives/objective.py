"""The axis of the objectives: what training minimizes."""

from __future__ import annotations

from typing import Any

from latente.model.choice import Choice
from latente.model.evidence import Evidence

Tensor = Any


class Objective(Choice):
    """Axis: what training minimizes.

    Attributes:
        needs: What it asks of the posterior, of ``Posterior.TRAITS``; a posterior without is refused.
    """

    needs: tuple[str, ...] = ()

    @property
    def kl_weight(self) -> float | None:
        """The factor of the KL in the loss, once it is reached; None where the KL has no such factor."""
        return None

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of each example ``(batch,)`` in nats, and the scalars named in ``logged``."""
        raise NotImplementedError
