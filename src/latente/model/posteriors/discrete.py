"""What posteriors of discrete codes share: groups of latents, each replaced by one of a finite set of vectors."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Parameters, Posterior, Seed, Tensor
from latente.model.posteriors.code_usage import CodeUsage


class DiscretePosterior(Posterior):
    """A posterior that puts all its mass on one sequence of codes, of which a prior of codes gives the probability.

    The encoder's vector is split into groups of ``width`` numbers. Each group becomes ``stages`` indices in
    [0, codes), so that a sequence has ``latent_dim / width * stages`` positions, the stages of a group side by side.

    Gradients pass straight through to the encoder (Bengio et al. 2013): z has the value of the codes and the gradient
    of what the encoder put out. The log tells the perplexity and the share of the codes in use.

    Args:
        codes: Codes to choose from at each position.
        width: Latents of a group.
        stages: Positions of a group.
    """

    density = False

    def __init__(self, codes: int, width: int, stages: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codes = codes
        self.width = width
        self.stages = stages
        self.usage = CodeUsage(codes, stages)

    @abstractmethod
    def indices_of(self, encoded: Tensor) -> Tensor:
        """The indices ``(batch, positions)`` of the codes that replace vectors ``(batch, latent_dim)``."""

    @abstractmethod
    def codes_of(self, indices: Tensor) -> Tensor:
        """The codes ``(batch, latent_dim)`` that indices ``(batch, positions)`` stand for."""

    def positions(self, latent_dim: int) -> int:
        """The length of a sequence."""
        return latent_dim // self.width * self.stages

    def units(self, latent_dim: int) -> int:
        """One per latent.

        Raises:
            UserError: The latents make no whole groups.
        """
        groups, rest = divmod(latent_dim, self.width)
        if rest:
            nearest = " or ".join(str(n * self.width) for n in (groups, groups + 1) if n)
            raise UserError(
                f"{type(self).__name__} needs a latent_dim that is a multiple of its groups of {self.width}. Received "
                f"{latent_dim}: take {nearest}."
            )
        return latent_dim

    def parameters(self, encoded: Tensor) -> Parameters:
        """``encoded`` itself, and ``indices`` ``(batch, positions)``, int32."""
        return {"encoded": encoded, "indices": self.indices_of(encoded)}

    def mean(self, q: Parameters) -> Tensor:
        """The codes: there is nothing else to choose from."""
        return self.codes_of(q["indices"])

    def sample(self, q: Parameters, seed: Seed) -> Tensor:
        """The codes, straight through; the difference from them is exactly zero, and is there for its gradient."""
        return self.codes_of(q["indices"]) + (q["encoded"] - ops.stop_gradient(q["encoded"]))

    def log_prob(self, q: Parameters, z: Tensor) -> Tensor:
        """Zero: given x, the codes are certain."""
        return ops.zeros_like(z[..., 0])

    def adjust(self, loss: Tensor, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Count the codes."""
        self.usage.update_state(evidence.q["indices"])
        return loss, {}
