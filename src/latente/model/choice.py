"""The mechanism of the five axes: a choice is a subclass of its axis, found and named by its class."""

from __future__ import annotations

import importlib
import inspect
import sys
from abc import ABC
from typing import Any, ClassVar, Self, TypeVar

import keras

from latente.discovery import import_all
from latente.errors import UserError
from latente.options import did_you_mean

AxisT = TypeVar("AxisT", bound="Choice")


class Choice(keras.layers.Layer, ABC):
    """One choice on one axis of the model.

    A subclass's constructor takes scalars (or tuples of scalars) and ``**kwargs`` only, so that Keras writes its
    ``get_config`` and Latente its flags, its part of the config file and its documentation from the signature.
    Defining the subclass is all: it can then be named on the command line, in a config file and in ``VAE(...)``. One
    that lies outside Latente is named ``module:Class``, or by its class once its module is imported.

    Attributes:
        logged: Names of the scalars that it gives beside a loss, written to the log of a run.
        listed: Whether a name is enough to make it, so that it is one of ``choices``.
    """

    logged: tuple[str, ...] = ()
    listed: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        # Named by its axis, not by Keras, which counts through a process: the names of weights begin with it.
        axis = next(kind for kind in type(self).__mro__ if Choice in kind.__bases__)
        super().__init__(**{"name": axis.__name__.lower(), "dtype": "float32", **kwargs})
        self.bound = False
        # A choice is used through its named methods, never through __call__, so nothing is left to be built.
        self.built = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        taken = keras.saving.get_registered_object(f"latente>{cls.__name__}")
        if taken and not is_latentes(cls):  # a name alone would mean either
            raise UserError(f"Your own class needs another name than Latente's. Received {cls.__name__}: rename it.")
        # In Keras's files a class of another module is not the one of the same name in a third.
        keras.saving.register_keras_serializable("latente" if is_latentes(cls) else cls.__module__)(cls)

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """Keras's weight, in float32 whatever the networks compute in: inside ``VAE.call`` Keras would round it."""
        return super().add_weight(*args, **{"dtype": "float32", "autocast": False, **kwargs})

    def bind(self, model: Any) -> None:
        """Make the weights whose shapes depend on the model, a ``Model``: called once, when its networks are built."""

    def free(self) -> Self:
        """Itself; or a copy with new weights, once a model has those that it holds."""
        return type(self).from_config(self.get_config()) if self.bound and self.weights else self

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of what it is about, images, codes or losses, which Keras shows in a summary."""
        return input_shape


def choices(axis: type[AxisT], unlisted: bool = False) -> dict[str, type[AxisT]]:
    """Every concrete choice of an axis by its class name, in order of definition; ``unlisted`` ones too if asked."""
    found: dict[str, type[AxisT]] = {}
    for subclass in axis.__subclasses__():
        if not inspect.isabstract(subclass) and (subclass.listed or unlisted):
            found[subclass.__name__] = subclass
        found.update(choices(subclass, unlisted))
    return found


def publish(package: dict[str, Any], axis: type[Choice]) -> None:
    """Import every file of the package of an axis, and make the axis and each of its choices a name of the package.

    Args:
        package: Its ``globals()``.
        axis: The axis.
    """
    import_all(package["__name__"])
    names: dict[str, type[Choice]] = {axis.__name__: axis, **choices(axis, unlisted=True)}
    package.update(names, __all__=list(names))


def lookup(axis: type[AxisT], name: str, unlisted: bool = False, asked: str | None = None) -> type[AxisT]:
    """The choice of a name on an axis.

    Args:
        axis: The axis.
        name: That of a class that is defined; or ``module:Class`` of one's own, whose module is imported.
        unlisted: Whether it may be one that a name is not enough to make.
        asked: What it was asked for by, such as ``--objective``; the axis by default.

    Raises:
        UserError: There is no such choice, or the module is not there.
    """
    if isinstance(name, str) and ":" in name:
        return _imported(axis, name)
    known = choices(axis)
    found = choices(axis, unlisted).get(name)
    if found is None:
        hint = did_you_mean(name, known) or " One of your own is named module:Class."
        raise UserError(f"{asked or axis.__name__} must be one of {', '.join(known)}. Received {name!r}.{hint}")
    return found


def is_latentes(choice: type) -> bool:
    """Whether a class is part of Latente."""
    return choice.__module__.startswith("latente.")


def name_of(choice: type[Choice]) -> str:
    """The name by which another process finds a choice: ``module:Class`` of one's own, where a module holds it."""
    module, name = choice.__module__, choice.__name__
    own = module != "__main__" and not is_latentes(choice)
    return f"{module}:{name}" if own and getattr(sys.modules.get(module), name, None) is choice else name


def _imported(axis: type[AxisT], name: str) -> type[AxisT]:
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), attribute)):
        raise UserError(f"{axis.__name__} is named by a class, or as my_losses:Renyi. Received {name!r}.")
    try:
        found: Any = getattr(importlib.import_module(module), attribute, None)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # whatever another's code raises
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise UserError(
                f"{axis.__name__} {name} needs the module {module}, and there is none of that name. If you trust it, "
                f"install it, or have Python find it: PYTHONPATH=FOLDER latente ..., where FOLDER holds its file."
            ) from None
        raise UserError(
            f"{axis.__name__} {name} needs the module {module}, which failed while it was imported: "
            f"{type(error).__name__}: {error}. Mend it first."
        ) from error
    of_axis = inspect.isclass(found) and issubclass(found, axis)
    if not of_axis or inspect.isabstract(found):
        lacks = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        what = "not in its module" if found is None else f"abstract: it lacks {lacks}" if of_axis else "something else"
        raise UserError(
            f"{axis.__name__} module:Class needs a class that is made from latente.model.{axis.__name__}. Received "
            f"{name}, which is {what}."
        )
    free = [each for each in inspect.signature(found).parameters.values() if each.kind != each.VAR_KEYWORD]
    if wanting := [each.name for each in free if each.default is each.empty]:
        raise UserError(f"{name} needs a default for each argument of its constructor. Received {', '.join(wanting)}.")
    return found


def make(axis: type[AxisT], spec: str | AxisT) -> AxisT:
    """The choice that ``spec`` names, with its defaults, or ``spec`` itself when it is one already, and free.

    Raises:
        UserError: The axis has no choice of that name.
    """
    if inspect.isclass(spec):
        raise UserError(f"{axis.__name__} takes a name or an instance. Received a class: write {spec.__name__}().")
    return spec.free() if isinstance(spec, axis) else lookup(axis, spec)()
