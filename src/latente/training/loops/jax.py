"""On JAX: a loop on the device over the stateless step of Keras."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import keras
from jax import lax
from jax import numpy as jnp

from latente.backend import has_accelerator
from latente.training.feed import Segment

State = tuple[list[Any], ...]
Steps = Callable[[State, Any, Any, Any, Any], tuple[dict[str, Any], State]]
"""From a state, the arrays of a segment, its rows and its ends to the metrics and the new state."""


class Loop:
    """Steps as one compiled program for each size of batch, whatever their number.

    The number is an argument, so that nothing is compiled anew when it changes, and the same program gives the same
    bits.

    Args:
        vae: The model.
        train: Whether to take steps of training.
    """

    def __init__(self, vae: keras.Model, train: bool) -> None:
        self.variables = [vae.trainable_variables, vae.non_trainable_variables, vae.metrics_variables]
        if train:
            self.variables.insert(2, vae.optimizer.variables)
        self._step = vae.train_step if train else vae.test_step
        total = next(metric for metric in vae.metrics if metric.name == "loss").total
        self._total = [id(variable) for variable in vae.metrics_variables].index(id(total))
        self._vae = vae
        # XLA brings the convolutions of a program's outermost part alone into the form that a CPU computes fast: within
        # a loop their gradients take more than twice as long.
        self._steps = self._one_by_one() if _convolves(vae) and not has_accelerator() else self._on_the_device()

    def state(self) -> State:
        """The values of all variables."""
        return tuple([variable.value for variable in each] for each in self.variables)

    def take(self, segment: Segment, state: State) -> tuple[dict[str, Any], State]:
        """Take the steps of a segment; the state that is given is used up."""
        return self._steps(state, segment.arrays, segment.rows, segment.first, segment.last)

    def function(self, take: Callable[[int, State], tuple[dict[str, Any], State]]) -> Callable[..., Any]:
        """As Keras calls it."""

        def function(state: State, numbers: Any) -> tuple[dict[str, Any], State]:
            return take(int(next(numbers)[0]), state)

        return function

    def _on_the_device(self) -> Steps:
        @partial(jax.jit, donate_argnums=0)
        def steps(state: State, arrays: Any, rows: Any, first: Any, last: Any) -> tuple[dict[str, Any], State]:
            def going(carry: tuple[Any, State]) -> Any:
                number, state = carry
                return (number < last) & jnp.isfinite(state[-1][self._total])

            def body(carry: tuple[Any, State]) -> tuple[Any, State]:
                number, state = carry
                return number + 1, self._after(state, arrays, rows, number)

            _, state = lax.while_loop(going, body, (first, state))
            return self._metrics(state), state

        return steps

    def _one_by_one(self) -> Steps:
        one, metrics = jax.jit(self._after, donate_argnums=0), jax.jit(self._metrics)

        def steps(state: State, arrays: Any, rows: Any, first: Any, last: Any) -> tuple[dict[str, Any], State]:
            for number in range(int(first), int(last)):
                state = one(state, arrays, rows, number)
                if not jnp.isfinite(state[-1][self._total]):
                    break
            return metrics(state), state

        return steps

    def _after(self, state: State, arrays: Any, rows: Any, number: Any) -> State:
        batch = jax.tree.map(lambda array: array[rows[number]], arrays)
        return self._step(state, (batch,))[1]

    def _metrics(self, state: State) -> dict[str, Any]:
        with keras.StatelessScope(list(zip(self._vae.metrics_variables, state[-1], strict=True))):
            return self._vae.get_metrics_result()


def _convolves(vae: keras.Model) -> bool:
    return any("Conv" in kind.__name__ for layer in vae._flatten_layers() for kind in type(layer).__mro__)
