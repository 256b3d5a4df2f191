"""``latente map``."""

from __future__ import annotations

import argparse

from latente.cli.common import add_data_dir, add_output, add_run, open_run, show

HELP = "draw the codes of the test images in two dimensions"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    add_data_dir(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> None:
    """Encode and draw; a model with two latents gets the decoded plane too."""
    run = open_run(arguments)
    from latente.report.pictures import map_figure, plane_figure

    vae = run.model()
    show(map_figure(vae, run.data(arguments.data_dir), run), run, "map.png", arguments.output)
    if vae.latent_dim == 2:
        show(plane_figure(vae, run), run, "plane.png", None)
