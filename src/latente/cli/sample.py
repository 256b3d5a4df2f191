"""``latente sample``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from latente.cli.common import add_label, add_output, add_run, add_seed, label_of, open_run, show
from latente.language import text, tr

HELP = "draw new images from the prior, or from one fitted to the codes"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument("-n", type=int, default=64, metavar="N", help="how many images (default: 64)")
    parser.add_argument("--temperature", type=float, default=1.0, help="factor on the draws of the prior (default: 1)")
    parser.add_argument(
        "--own-prior", action="store_true", help="draw from the model's own prior, also where another one was fitted"
    )
    add_seed(parser, "the draws")
    parser.add_argument("--npz", type=Path, metavar="FILE", help="also write codes and images as arrays")
    add_label(parser, "the class to draw (default: every class in turn, one to a column)")
    add_output(parser)


def run(arguments: argparse.Namespace) -> None:
    """Sample and draw the grid."""
    run = open_run(arguments)
    from latente.cli.arrays import save_npz
    from latente.report.pictures import FROM_PRIOR, sample_figure

    vae, label = run.model(), label_of(arguments, run)
    fitted = None if arguments.own_prior else run.fitted_prior
    draw = fitted.sample if fitted else vae.sample_codes
    codes = draw(arguments.n, arguments.temperature, arguments.seed)
    labels = vae.evenly(arguments.n) if label is None else vae.checked_labels(label, arguments.n)
    images = vae.decode(codes, labels)
    what = text("samples from the fitted prior") if fitted else FROM_PRIOR
    figure = sample_figure(images, run, arguments.temperature, arguments.seed, what, label)
    warmth = "" if arguments.temperature == 1 else f"-temperature-{arguments.temperature:g}"
    origin = ("-fitted-prior" if fitted else "") + ("" if label is None else f"-label-{label}")
    show(figure, run, f"samples-{arguments.n}-seed-{arguments.seed}{warmth}{origin}.png", arguments.output)
    if arguments.npz:
        print(save_npz(arguments.npz, {"z": codes, "images": images} | ({} if labels is None else {"labels": labels})))
    which = (
        tr("drawn from the prior that latente fit-prior fitted")
        if fitted
        else tr("drawn from the model's own prior, {name}", name=type(vae.prior).__name__)
    )
    print(which, file=sys.stderr)
