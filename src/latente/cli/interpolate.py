"""``latente interpolate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latente.cli.common import add_data_dir, add_output, add_run, open_run, show
from latente.errors import UserError
from latente.language import tr

if TYPE_CHECKING:
    from latente.data import Images

HELP = "decode the path between two images"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    where = "index into the test images, or an image file"
    parser.add_argument("--from", dest="start", required=True, metavar="IMAGE", help=where)
    parser.add_argument("--to", dest="end", required=True, metavar="IMAGE", help=where)
    parser.add_argument("--steps", type=int, default=10, help="images along the path, both ends included (default: 10)")
    parser.add_argument("--path", choices=("linear", "spherical"), default="linear", help="path in the latent space")
    add_data_dir(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> None:
    """Interpolate and draw."""
    run = open_run(arguments)
    from latente.report.pictures import interpolation_figure, switch_note
    from latente.training.labels import labels_of

    vae = run.model()
    ends = [arguments.start, arguments.end]
    if vae.classes and not all(end.isdigit() for end in ends):
        raise UserError(
            f"A conditional model needs the labels of both images, and a file has none. Received {' and '.join(ends)}: "
            f"take indices into the test images."
        )
    test = run.data(arguments.data_dir).test if any(end.isdigit() for end in ends) else None
    start, end = (_image(name, test.images if test else None, vae.image_shape, run.pixel_range) for name in ends)
    labels = labels_of(vae, test, [int(end) for end in ends]) if test and vae.classes else None
    path = vae.interpolate(start, end, arguments.steps, arguments.path, labels)
    about = {"run": run.name, "start": arguments.start, "end": arguments.end}
    title = (
        tr("{run}: linear path from {start} to {end}", **about)
        if arguments.path == "linear"
        else tr("{run}: spherical path from {start} to {end}", **about)
    )
    name = f"interpolation-{Path(arguments.start).stem}-{Path(arguments.end).stem}-{arguments.path}.png"
    show(interpolation_figure(path, start, end, title + switch_note(vae)), run, name, arguments.output)


def _image(name: str, test: Images | None, shape: tuple[int, ...], range_: tuple[float, ...]) -> np.ndarray:
    """A test image by its index, or an image file, as uint8 ``(H, W, C)``."""
    if not name.isdigit():
        from latente.data import read_image

        return read_image(Path(name), shape, range_)
    assert test is not None  # loaded when either end is an index
    if int(name) >= len(test):
        raise UserError(f"The test split has the images 0 to {len(test) - 1}. Received {name}.")
    return np.asarray(test[int(name)])
