"""From a config to a run, and from an interrupted run to its end."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from latente import backend, data
from latente.data import Dataset
from latente.errors import UserError
from latente.files import file_name
from latente.language import tr
from latente.model.axes import AXES, DEFAULT_NETWORK
from latente.model.choice import lookup
from latente.model.networks.own import Own, network_of
from latente.model.vae import VAE
from latente.seeds import spread
from latente.training.averages import AveragedWeights
from latente.training.batches import Batches, EpochOrder
from latente.training.build import Config, build
from latente.training.callbacks import Diverged, NonFiniteGuard, Pictures, Recorder
from latente.training.config import completed, once, resolve
from latente.training.feed import feed
from latente.training.health import Health
from latente.training.labels import classes_of
from latente.training.length import Length
from latente.training.loops import Chunks, in_chunks
from latente.training.progress import shown
from latente.training.run import Run
from latente.training.settings import Settings
from latente.training.trackers.tracker import check_tracker, tracked


def train(
    dataset: Any,
    run_dir: str | Path | None = None,
    progress: bool = True,
    *,
    labels: Any = None,
    keep_data: bool = True,
    **options: Any,
) -> Run:
    """Train a VAE.

    Args:
        dataset: A data set, or the name of one such as ``"fashion-mnist"`` or ``"folder:photos"``; or images, (N, H, W)
            or (N, H, W, C), of 0 to 255 or 0 to 1 (rounded to 256 levels), as an array or a tensor, alone or with
            labels, ``(x, y)``, or for train and test, as ``keras.datasets`` gives them; or what gives batches of them,
            such as a ``tf.data.Dataset`` or a ``DataLoader``, which is read into memory.
        run_dir: The run directory to make; ``runs/NAME-TIME`` by default.
        progress: Whether to tell on standard error how it goes.
        labels: The class of each image, where ``dataset`` is images alone.
        keep_data: Whether the run keeps a copy of images that were given. Without it, ``Run(path, data=images)`` has
            them again.
        **options: As on the command line: ``epochs=5``, ``beta=4``, ``likelihood="Gaussian"``,
            ``objective={"name": "ELBO", "free_bits": 0.1}`` or ``**{"objective.free_bits": 0.1}``. Also a choice itself
            or two Keras models of one's own, ``encoder`` and ``decoder``, as ``VAE`` takes them.

    Returns:
        The run, with its trained model in ``run.model()``.

    Raises:
        UserError: An option is wrong, the data are not there or are no images, or training diverged.
    """
    if {"encoder", "decoder"} & options.keys():
        halves = (options.pop(half, None) for half in ("encoder", "decoder"))
        options["network"] = network_of(options.get("network", DEFAULT_NETWORK), *halves)
    own = options.get("network")
    asked, loaded = data_asked(dataset, labels, options)
    return start(resolve(asked), run_dir, progress, loaded, keep_data, own if isinstance(own, Own) else None)


def data_asked(dataset: Any, labels: Any, options: Mapping[str, Any]) -> tuple[dict[str, Any], Dataset | None]:
    """The options with those of the data, and the data themselves where they are not to be loaded by name."""
    if isinstance(dataset, str | Path):
        if labels is not None:
            raise UserError(f"labels go with an array of images. Received '{dataset}', which has its own or none.")
        return {"data.name": str(dataset), **options}, None
    flat = once(options.items())
    own = {name.removeprefix("data."): value for name, value in flat.items() if name.startswith("data.")}
    if isinstance(dataset, Dataset):
        if own or labels is not None:
            extra = ", ".join([*(f"data.{name}" for name in own), *(["labels"] if labels is not None else [])])
            raise UserError(f"A Dataset has its options and labels already. Received also {extra}: leave it out.")
        loaded = dataset if dataset.source else data.hold(dataset)
    else:
        loaded = data.hold(dataset, labels, **own)
    rest = {name: value for name, value in flat.items() if not name.startswith("data.")}
    return {**rest, "data": dict(loaded.source)}, loaded


def start(
    config: Config,
    run_dir: str | Path | None,
    progress: bool,
    dataset: Dataset | None = None,
    keep_data: bool = True,
    own: Own | None = None,
) -> Run:
    """Load the data of a resolved config unless they are given, make the run directory and train; see ``train``.

    Own networks that are given keep the weights that they have.
    """
    if run_dir:
        Run.check_free(Path(run_dir))  # before anything slow, as the next
    check_tracker(config["training"]["track"])
    dataset = dataset or data.load(**config["data"])
    asked, config = config, completed(config, len(dataset.train))
    precision = backend.precision(config["training"]["precision"])
    classes = classes_of(dataset) if config["conditional"] else []
    vae = _new_model(config, dataset, precision, len(classes), own)
    config = {**config, "latent_dim": vae.latent_dim}
    environment = _environment(dataset, precision, classes)
    for name, split in dataset.splits.items():
        if len(split) == 0:
            raise UserError(f"Training needs at least one {name} image. Received none: set data.{name} above 0.")
    held = dataset if dataset.source["name"] == data.ARRAY else None
    path = Path(run_dir) if run_dir else default_path(dataset.name)
    run = Run.create(path, config, environment, held, keep_data)
    if progress and asked["training"]["epochs"] is None:
        _tell(Settings(**config["training"]).length(len(dataset.train)))
    try:
        if own:  # to begin from again: a seed does not make their weights
            vae.optimizer.build(vae.trainable_variables)
            run.save(vae, best=False)
        _fit(run, vae, dataset, done=0, progress=progress)
    except Diverged:  # which the run itself shows
        raise
    except Exception:
        if not run.trained:
            run.discard()
        raise
    return run


def resume(run: Run | str | Path, data_dir: str | None = None, progress: bool = True) -> Run:
    """Go on with an interrupted run; the result is that of the uninterrupted one on the same backend and device.

    Args:
        run: The run or its directory.
        data_dir: Where the data files are now, when not where they were.
        progress: Whether to tell on standard error how it goes.

    Raises:
        UserError: The folder is no run directory, the run is finished, or its data are not the same.
    """
    run = run if isinstance(run, Run) else Run(run)
    settings = Settings(**run.config["training"])
    check_tracker(settings.track)
    dataset = run.data(data_dir)
    done = 0
    if run.checkpoint("last").exists():
        for axis, base in AXES.items():  # Keras reads a model of classes that are defined
            lookup(base, run.config[axis]["name"], unlisted=True)
        vae = keras.saving.load_model(run.checkpoint("last"))
        done = run.epochs_of(vae)
        if settings.stops_after(run.log[:done]):
            raise UserError(f"{run.path} is finished after {done} epochs. Train a new run to go further.")
    else:
        vae = _new_model(run.config, dataset, run.environment["precision"], len(run.classes))
    _fit(run, vae, dataset, done, progress)
    return run


def _new_model(config: Config, dataset: Dataset, precision: str, classes: int, own: Own | None = None) -> VAE:
    settings = Settings(**config["training"])
    with backend.native_stderr_held():  # it imports TensorFlow, on any backend
        keras.utils.set_random_seed(settings.seed)
    dtype = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    vae = build(config, dataset.image_shape, dtype, classes, own)
    optimizer = settings.optimizer(settings.length(len(dataset.train)).steps)
    vae.compile(optimizer=optimizer, jit_compile=backend.jit_compile())
    return vae


def _fit(run: Run, vae: VAE, dataset: Dataset, done: int, progress: bool) -> None:
    """Train from epoch ``done`` to the end."""
    settings = Settings(**run.config["training"])
    length = settings.length(len(dataset.train))
    same = {"dynamic": dataset.binarize == "dynamic", "labelled": vae.classes > 0}
    own, other = (spread(settings.seed, f"{name} batches") for name in ("training", "validation"))
    batches = Batches(dataset.train, length.batch_size, own, shuffle=True, **same)
    held_out = Batches(dataset.validation, length.batch_size, other, shuffle=False, **same)
    callbacks: list[keras.callbacks.Callback] = [
        *([AveragedWeights(resumed=done > 0)] if settings.ema else []),
        EpochOrder(batches),
        NonFiniteGuard(run),
        Recorder(run, len(dataset.train), settings),
        Health(run, progress),
    ]
    if settings.pictures_every:
        callbacks.append(Pictures(run, dataset, settings.pictures_every, length.epochs))
    vae.images.assign(len(dataset.train))
    vae.optimizer.build(vae.trainable_variables)
    batches.start_epoch(done)
    with (
        backend.multiplying(run.environment["precision"]),
        tracked(run, settings.track) as tracker,
        in_chunks(vae, feed(batches), feed(held_out)) as chunks,
        shown(progress, length, chunks.size, done) as lines,
    ):
        if progress:
            _tell_device(run, chunks)
        keras.Model.fit(
            vae,
            chunks.training,
            validation_data=chunks.validation,
            initial_epoch=done,
            epochs=length.epochs,
            shuffle=False,  # the batches have their own order
            callbacks=[*callbacks, *tracker, *lines],
            verbose=0,
        )


def _tell(length: Length) -> None:
    """Say what was chosen by the size of the data."""
    line = tr(
        "{images:,} images: batches of {batch}, {epochs:,} epochs, {steps:,} steps; --batch-size, --epochs or --steps "
        "choose otherwise",
        images=length.images,
        batch=length.batch_size,
        epochs=length.epochs,
        steps=length.steps,
    )
    print(line, file=sys.stderr, flush=True)


def _tell_device(run: Run, chunks: Chunks) -> None:
    """Say what computes, and how."""
    about = {name: run.environment[name] for name in ("backend", "device", "precision")} | {"steps": chunks.size}
    if chunks.resident:
        line = tr("{backend} on {device} in {precision}; images kept there; steps a call: {steps:,}", **about)
    else:
        line = tr("{backend} on {device} in {precision}; images streamed; steps a call: {steps:,}", **about)
    print(line, file=sys.stderr, flush=True)


def _environment(dataset: Dataset, precision: str, classes: list[str]) -> dict[str, Any]:
    """What a run depended on beside its config."""
    packages = ("latente", "keras", "numpy", keras.backend.backend())
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in packages}},
        "backend": keras.backend.backend(),
        "device": backend.device(),
        "machine": platform.platform(),
        "precision": precision,
        "jit_compile": backend.jit_compile(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        "image_shape": list(dataset.image_shape),
        "images": {name: len(split) for name, split in dataset.splits.items()},
        **({"classes": classes} if classes else {}),
        "data_fingerprint": dataset.fingerprint,
        "data_notes": list(dataset.notes),
        "git_commit": _git_commit(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _version(module: str) -> str:
    return importlib.import_module(module).__version__


def _git_commit() -> str | None:
    """The commit of the working directory, where it is a git repository."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    except FileNotFoundError:  # git is not installed
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def default_path(name: str) -> Path:
    """Where a run on the data of that name goes when nobody says where."""
    kind, _, path = name.partition(":")
    stem = file_name(f"{kind}-{Path(path).stem}").lower()
    return Path("runs") / f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}"
