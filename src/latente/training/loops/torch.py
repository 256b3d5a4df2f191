"""On PyTorch: the step of Keras, recorded once as the operations that it makes, and made again for each batch."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, TypeAlias

import keras
import numpy as np
import torch
from torch import fx
from torch.fx.experimental.proxy_tensor import make_fx

from latente.training.feed import Segment
from latente.training.loops.unchanged import unchanged, values

Noise: TypeAlias = keras.random.SeedGenerator


class Loop:
    """Steps one after another, each as a recording of the first one of its size of batch.

    Args:
        vae: The model.
        train: Whether to take steps of training.
    """

    def __init__(self, vae: keras.Model, train: bool) -> None:
        self.vae, self.train = vae, train
        self._total = next(metric for metric in vae.metrics if metric.name == "loss").total
        self._recordings: dict[int, Recording | None] = {}

    def state(self) -> None:
        """The steps change the model itself."""

    def take(self, segment: Segment, state: None) -> tuple[dict[str, Any], None]:
        """Take the steps of a segment."""
        first, last = int(segment.first), int(segment.last)

        def batch(number: int) -> Any:
            return keras.tree.map_structure(itemgetter(segment.rows[number]), segment.arrays)

        with self._playing(segment.rows.shape[1], batch(first)) as play:
            for number in range(first, last):
                play(batch(number))
                if not math.isfinite(float(self._total.value)):
                    break
        return self.vae.get_metrics_result(), None

    @contextlib.contextmanager
    def _playing(self, size: int, batch: Any) -> Iterator[Callable[[Any], None]]:
        """Within it, what takes a step on a batch of that size, such as the one given."""
        if size not in self._recordings:
            self._recordings[size] = self._recorded(batch)
        if (recording := self._recordings[size]) is not None:
            with recording.playing() as play:
                yield play
        else:
            with torch.set_grad_enabled(self.train):
                yield self._step

    def _step(self, batch: Any) -> None:
        (self.vae.train_step if self.train else self.vae.test_step)((batch,))

    def _recorded(self, batch: Any) -> Recording | None:
        try:
            with unchanged(self.vae), torch.set_grad_enabled(self.train):
                recording = Recording(self._step, batch)
            self._check(recording, batch)
            return recording
        except Exception as error:  # of any kind: what is wrong with the step itself shows when it is taken
            warnings.warn(
                f"PyTorch {torch.__version__} takes the steps of this model one by one, which is slower, since it "
                f"cannot record them: {' '.join(str(error).split())[:300]}",
                stacklevel=2,
            )
            return None
        finally:
            self.vae.zero_grad()

    def _check(self, recording: Recording, batch: Any) -> None:
        """Take the step itself and as it was recorded: what Python decides anew each time is in no recording.

        Raises:
            ValueError: They leave different values.
        """
        left: list[list[np.ndarray]] = []
        for recorded in (False, True):
            with unchanged(self.vae):
                if recorded:
                    with recording.playing() as play:
                        play(batch)
                else:
                    with torch.set_grad_enabled(self.train):
                        self._step(batch)
                left.append(values(self.vae))
        if not all(np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True) for a, b in zip(*left, strict=True)):
            raise ValueError("a step and its recording leave different values; a part of the model keeps Python state")

    def function(self, take: Callable[[int, None], tuple[dict[str, Any], None]]) -> Callable[..., Any]:
        """As Keras calls it."""

        def function(numbers: Any) -> dict[str, Any]:
            return take(int(numbers[0][0]), None)[0]

        return function


class Recording:
    """What a step does to tensors, without the work of Python between one operation and the next.

    Keras seeds a generator of PyTorch's for each draw of random numbers, by the seed and the counter of its own
    generator. A recorded step has the generator of each draw; it is seeded likewise before the step is made again.

    Args:
        step: Changes the model in place, and gives nothing.
        batch: Images, or images and labels; those of later steps must have the same shapes.
    """

    def __init__(self, step: Callable[[Any], Any], batch: Any) -> None:
        self.draws: list[Noise] = []

        def function(*arrays: Any) -> None:
            step(keras.tree.pack_sequence_as(batch, arrays))

        # In this thread alone, for another one's operations would not be recorded.
        with _numbered(self.draws), torch.autograd.set_multithreading_enabled(False):
            module = make_fx(function)(*keras.tree.flatten(batch))
        found = (node.kwargs["generator"] for node in module.graph.nodes if node.kwargs.get("generator"))
        generators = [getattr(module, node.target) for node in found]
        self._generators = {generator.initial_seed(): generator for generator in generators}
        _shorten(module.graph)
        self._held = _as_arguments(module)
        self._operations = module.forward

    @contextlib.contextmanager
    def playing(self) -> Iterator[Callable[[Any], None]]:
        """Within it, what makes the step on a batch."""
        states = {id(noise): _state(noise) for noise in self.draws}

        def play(batch: Any) -> None:
            for number, noise in enumerate(self.draws):
                state = states[id(noise)]
                if number in self._generators:
                    self._generators[number].manual_seed(sum(state) & 0xFFFFFFFF)
                state[1] += 1
            self._operations(*keras.tree.flatten(batch), *self._held)

        try:
            with torch.no_grad():
                yield play
        finally:
            for noise in self.draws:
                noise.state.assign(np.array(states[id(noise)]))


@contextlib.contextmanager
def _numbered(draws: list[Noise]) -> Iterator[None]:
    """Within it, each draw is seeded by its number, and noted with the generator that it belongs to."""

    def numbered(noise: Noise, ordered: bool = True) -> tuple[int, int]:
        if not ordered:
            raise ValueError("a draw without a seed of its own")
        draws.append(noise)
        return 0, len(draws) - 1

    usual = Noise.next
    Noise.next = numbered
    try:
        yield
    finally:
        Noise.next = usual


def _shorten(graph: fx.Graph) -> None:
    """Leave out what computes nothing: unused results, other names of a tensor, copies of what nobody changes."""
    aten = torch.ops.aten
    for node in graph.nodes:
        if node.target is aten.detach.default or (node.target is aten.lift_fresh_copy.default and _only_read(node)):
            node.replace_all_uses_with(node.args[0])
    graph.eliminate_dead_code()


def _only_read(node: fx.Node) -> bool:
    """Whether its users compute something new of it."""
    schemas = [user.target._schema for user in node.users if isinstance(user.target, torch._ops.OpOverload)]
    makes_new = (not any(returned.alias_info for returned in schema.returns) for schema in schemas)
    return len(schemas) == len(node.users) and all(makes_new) and not any(schema.is_mutable for schema in schemas)


def _as_arguments(module: fx.GraphModule) -> list[Any]:
    """Make the tensors that a graph holds its further arguments, since Python looks attributes up for longer."""
    graph = module.graph
    places: dict[str, fx.Node] = {}
    last = [node for node in graph.nodes if node.op == "placeholder"][-1]
    for node in graph.find_nodes(op="get_attr"):
        if node.target not in places:
            with graph.inserting_after(last):
                last = places[node.target] = graph.placeholder(node.target)
        node.replace_all_uses_with(places[node.target])
        graph.erase_node(node)
    module.recompile()
    return [getattr(module, name) for name in places]


def _state(noise: Noise) -> list[int]:
    """Its seed and its counter."""
    return [int(number) for number in keras.ops.convert_to_numpy(noise.state)]
