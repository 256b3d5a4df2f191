"""The continuous Bernoulli likelihood: what cross-entropy on grey levels lacks to be a density."""

from __future__ import annotations

import keras
from keras import ops

from latente.model.axes import Likelihood, Seed, Tensor
from latente.model.numerics import MIN_STD, log1mexp


class ContinuousBernoulli(Likelihood):
    """The density on [0, 1] that is proportional to the Bernoulli's cross-entropy (Loaiza-Ganem & Cunningham 2019).

    p(x) = C(p) p^x (1 - p)^(1 - x) with C(p) = 2 artanh(1 - 2 p) / (1 - 2 p) (section 3 there). In the logit a = log p
    - log(1 - p), the decoder's output, this is a exp(a x) / (exp(a) - 1): an exponential density, cut to [0, 1].
    Its mean is not p, but lies between p and 1/2. Near p = 1/2 numerator and denominator vanish, and their Taylor
    expansion takes over.

    Like a learned scale, the logit is bounded, by 510 tanh(output / 510): there the density falls off within half a
    grey level of an edge. Without a bound the black background of most data would drive it to infinity.
    """

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """Sum over pixels of a x + log a - log(exp(a) - 1)."""
        a, near, size = self._logit(parameters)
        # The same as a (x - 1/2) - log(sinh(a / 2) / (a / 2)), whose logarithm is even in a.
        square = ops.square(a / 2)
        series = square * (1 / 6 - square * (1 / 180 - square * (1 / 2835 - square / 37800)))
        exact = x * a - ops.relu(a) + ops.log(size) - log1mexp(size)
        return ops.sum(ops.where(near, (x - 0.5) * a - series, exact), axis=(1, 2, 3))

    def mean(self, parameters: Tensor) -> Tensor:
        """1 / (1 - exp(-a)) - 1 / a = 1/2 + (coth(a / 2) - 2 / a) / 2, within [1/510, 509/510]."""
        a, near, size = self._logit(parameters)
        square = ops.square(a / 2)
        series = a / 4 * (1 / 3 - square * (1 / 45 - square * (2 / 945 - square * (1 / 4725 - square * 2 / 93555))))
        exact = ops.sign(a) * (0.5 / ops.tanh(size / 2) - 1 / size)
        return 0.5 + ops.where(near, series, exact)

    def sample(self, parameters: Tensor, seed: Seed) -> Tensor:
        """The inverse of the distribution function at uniform numbers, from the edge where the density is highest."""
        a, _, _ = self._logit(parameters)
        size = ops.maximum(ops.abs(a), 1e-6)  # at less, the uniform numbers come out as they are
        uniform = keras.random.uniform(ops.shape(a), dtype="float32", seed=seed)
        distance = -ops.log1p(uniform * ops.expm1(-size)) / size
        return ops.where(a > 0, 1 - distance, distance)

    def _logit(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The bounded logit, whether it is near 0, and its size: 1 where near, so that the other branch is finite."""
        a = ops.tanh(parameters * MIN_STD) / MIN_STD
        near = ops.abs(a) < 1
        return a, near, ops.where(near, 1.0, ops.abs(a))
