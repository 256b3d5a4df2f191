"""The config of a run: what was asked for, checked, and completed with every default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from latente import data
from latente.errors import UserError
from latente.model import AXES, Choice, choices
from latente.model.axes import LATENT_DIM
from latente.model.choice import lookup, name_of
from latente.model.compatibility import check_model
from latente.model.networks.own import Own
from latente.model.vae import VAE
from latente.options import Option, did_you_mean, options_of
from latente.training.build import Config, choice_in
from latente.training.papers import FOLDER, papers
from latente.training.settings import Settings

EVERYDAY = {
    "data_dir": "data.data_dir",
    "beta": "objective.beta",
    **{name: f"training.{name}" for name in ("epochs", "batch_size", "steps", "lr", "seed", "precision")},
}
"""Short names of the options that are used every day; ``latent_dim`` is short already."""

CONDITIONAL = "Whether both networks are told the label of each image, so that samples can be asked for by class."
LATENTS = "Number of latent dimensions, at least 1."
PLAIN = {
    "latent_dim": Option("latent_dim", int, LATENT_DIM, LATENTS),
    "conditional": Option("conditional", bool, False, CONDITIONAL),
}
"""The options of the model itself, which belong to no section."""
DEFAULT_CHOICE = {axis: options_of(VAE)[axis].default for axis in AXES}


def resolve(asked: Mapping[str, Any]) -> Config:
    """Complete a config from what was asked for.

    Args:
        asked: Options by name, nested (``{"objective": {"name": "ELBO", "beta": 4}}``), dotted
            (``{"objective.beta": 4}``) or short (``{"beta": 4}``); a plain ``{"objective": "ELBO"}`` names a choice.
            Values may be the text of flags.

    Returns:
        ``latent_dim`` and ``conditional``, and one section with every option for ``data``, for each axis and for
        ``training``.

    Raises:
        UserError: An option is unknown, belongs to another choice, is given twice, or has a value of the wrong type.
    """
    flat = once(asked.items())
    for section in ("data", *AXES):
        if not isinstance(flat.get(f"{section}.name", ""), str):
            raise UserError(f"{section} must be a name. Received {flat[f'{section}.name']!r}.")
    if "data.name" not in flat:
        raise UserError(f"Name the data to train on, one of {', '.join(data.names())}: latente train DATA.")
    sections = _sections(flat)
    known = dict(PLAIN)
    if sections["network"][0] == Own.__name__:  # they know how many latents they have
        known["latent_dim"] = Option("latent_dim", int | None, None, LATENTS)
    for section, (_, options) in sections.items():
        known.update({f"{section}.{name}": option for name, option in options.items()})
    names = {f"{section}.name" for section, (name, _) in sections.items() if name}
    for key in flat:
        if key == "training":
            raise UserError(f"training must be a mapping of options, such as {{lr: 0.001}}. Received {flat[key]!r}.")
        if key not in known and key not in names:
            raise UserError(_unknown(key, known, sections))
    values = {key: option.parse(flat.get(key, option.default), flag(key)) for key, option in known.items()}
    config: Config = {name: values[name] for name in PLAIN}
    for section, (name, options) in sections.items():
        chosen = {"name": name} if name else {}
        config[section] = {**chosen, **{option: values[f"{section}.{option}"] for option in options}}
    # A run is looked at from other folders than it was trained in.
    config["data"]["name"] = data.absolute(config["data"]["name"])
    if config["data"]["data_dir"]:
        config["data"]["data_dir"] = str(Path(config["data"]["data_dir"]).absolute())
    # Made for their checks, before anything slow happens. Only the networks fit one image shape, which the data tell.
    network, posterior, prior, _, objective = (choice_in(config, axis) for axis in AXES)
    check_model(network, posterior, prior, objective, config["latent_dim"], config["conditional"])
    Settings(**config["training"])
    return config


def completed(config: Config, images: int) -> Config:
    """A config with the numbers that ``resolve`` left to the size of the data, for so many training images."""
    chosen = Settings(**config["training"]).length(images)
    return {**config, "training": {**config["training"], "epochs": chosen.epochs, "batch_size": chosen.batch_size}}


def _sections(flat: Mapping[str, Any]) -> dict[str, tuple[str | None, dict[str, Option]]]:
    """For each section, the name that is chosen there (training has none) and the options that it takes."""
    sections: dict[str, tuple[str | None, dict[str, Option]]] = {
        "data": (flat["data.name"], data.options(flat["data.name"]))
    }
    for axis, base in AXES.items():
        choice = lookup(base, flat.get(f"{axis}.name", DEFAULT_CHOICE[axis]), unlisted=True, asked=f"--{axis}")
        sections[axis] = (name_of(choice), options_of(choice))
    sections["training"] = (None, options_of(Settings))
    return sections


def _unknown(key: str, known: Mapping[str, Option], sections: Mapping[str, Any]) -> str:
    axis, _, option = key.partition(".")
    owners = (
        [name for name, choice in choices(AXES[axis]).items() if option in options_of(choice)] if axis in AXES else []
    )
    if owners:
        return f"{flag(key)} belongs to {' and '.join(owners)}, but --{axis} is {sections[axis][0]}."
    names = [flag(k) for k in known] + [flag(k) for k in EVERYDAY]
    return f"{flag(key)} is not an option.{did_you_mean(flag(key), names) or ' latente train --help lists them.'}"


def flatten(asked: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted names and values of a nested mapping, with hyphens as underscores and short names spelt out.

    A choice stands for its name and options. A model as Keras writes it is one value.
    """
    return ((name, value) for _, name, value in _named(asked.items()))


def once(asked: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The same of pairs, where a name may stand in two of them.

    Raises:
        UserError: An option is given twice, under one name or two.
    """
    found: dict[str, tuple[str, Any]] = {}
    for spelt, name, value in _named(asked):
        if name in found:
            raise UserError(
                f"Each option may be given once. Received {'='.join(map(str, found[name]))} and {spelt}={value}, which "
                f"are the same: leave one out."
            )
        found[name] = spelt, value
    return {name: value for name, (_, value) in found.items()}


def _named(asked: Iterable[tuple[str, Any]], outer: str = "", prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """The name of each option as it was spelt, its dotted name and its value."""
    for key, value in asked:
        if isinstance(value, Choice):
            kind, written = type(value), value.get_config()
            value = {"name": name_of(kind), **{name: written[name] for name in options_of(kind) if name in written}}
        spelt, name = f"{outer}{key}", prefix + str(key).replace("-", "_")
        name = EVERYDAY.get(name, name)
        if isinstance(value, Mapping) and "class_name" not in value:
            yield from _named(value.items(), f"{spelt}.", f"{name}.")
        elif name in AXES or name == "data":
            yield spelt, f"{name}.name", value
        else:
            yield spelt, name, value


def flag(key: str) -> str:
    """An option's name as a flag: the short one where there is one; a choice has that of its axis."""
    short = {long: name for name, long in EVERYDAY.items()} | {f"{name}.name": name for name in ("data", *AXES)}
    return "--" + short.get(key, key).replace("_", "-")


def read_file(path: str | Path) -> dict[str, Any]:
    """Read a config from a YAML or JSON file.

    Args:
        path: The file; or the name of a paper's config that Latente has, such as ``beta-tcvae``.

    Raises:
        UserError: The file cannot be read, does not hold a mapping, or gives an option twice.
    """
    import yaml

    class Once(yaml.SafeLoader):
        """Refuses a key that stands twice in a mapping, of which YAML keeps the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            once((self.construct_object(key), f"(line {key.start_mark.line + 1})") for key, _ in node.value)
            return super().construct_mapping(node, deep)

    if str(path) in papers() and not Path(path).exists():
        path = FOLDER / f"{path}.yaml"
    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), Once)  # JSON is YAML
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        hint = did_you_mean(str(path), papers()) or " latente list papers names those that Latente has."
        raise UserError(f"The config file {path} cannot be read: {error}.{hint}") from None
    if not isinstance(content, dict):
        raise UserError(f"The config file {path} must hold a mapping of options. Received {type(content).__name__}.")
    return once(content.items())
