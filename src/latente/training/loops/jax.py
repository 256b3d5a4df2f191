"""On JAX: a loop on the device over the stateless step of Keras."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import keras
from jax import lax
from jax import numpy as jnp

from latente.training.feed import Segment

State = tuple[list[Any], ...]


class Loop:
    """Steps as one compiled program for each size of batch, whatever their number.

    The number is an argument, so that nothing is compiled anew when it changes, and the same program gives the same
    bits.

    Args:
        vae: The model.
        train: Whether to take steps of training.
    """

    def __init__(self, vae: keras.Model, train: bool) -> None:
        self.vae = vae
        self.variables = [vae.trainable_variables, vae.non_trainable_variables, vae.metrics_variables]
        if train:
            self.variables.insert(2, vae.optimizer.variables)
        step = vae.train_step if train else vae.test_step
        total = next(metric for metric in vae.metrics if metric.name == "loss").total
        place = [id(variable) for variable in vae.metrics_variables].index(id(total))

        @partial(jax.jit, donate_argnums=0)
        def steps(state: State, arrays: Any, rows: Any, first: Any, last: Any) -> tuple[Any, State]:
            def going(carry: tuple[Any, State]) -> Any:
                number, state = carry
                return (number < last) & jnp.isfinite(state[-1][place])

            def body(carry: tuple[Any, State]) -> tuple[Any, State]:
                number, state = carry
                batch = jax.tree.map(lambda array: array[rows[number]], arrays)
                return number + 1, step(state, (batch,))[1]

            _, state = lax.while_loop(going, body, (first, state))
            with keras.StatelessScope(list(zip(vae.metrics_variables, state[-1], strict=True))):
                return vae.get_metrics_result(), state

        self._steps = steps

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
