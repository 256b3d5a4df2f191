"""Runs to and from Hugging Face's Hub."""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from latente.errors import UserError
from latente.export.card import write_card
from latente.extras import extra
from latente.files import folder_written_whole
from latente.model import AXES
from latente.training.public import PUBLIC, publish
from latente.training.run import Run

CARD = "README.md"
ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")


def push(run: Run, repo: str, private: bool = False, license: str | None = None) -> str:
    """Upload what others need to use a run, with a model card.

    The folders of this machine, its description and the commit of the user's code stay here, and so do the data: the
    pictures of the card are drawn by the model.

    Args:
        run: The run.
        repo: ``USER/NAME`` on the Hub; made where there is none.
        private: Whether only its owner sees the repository, when it is new.
        license: Licence of the weights, as the Hub names it; none is said by default.

    Returns:
        The address of the repository.

    Raises:
        UserError: The run has no model yet, the name is no name of the Hub, or the Hub refuses or cannot be reached.
    """
    api = extra("hub", "huggingface_hub", "latente push").HfApi()

    with tempfile.TemporaryDirectory() as temporary, _explained(repo):
        write_public(run, repo, Path(temporary) / "run", license)
        url = api.create_repo(repo, private=private, exist_ok=True)
        message = f"Upload {run.name}, a VAE trained with Latente"
        api.upload_folder(repo_id=repo, folder_path=Path(temporary) / "run", commit_message=message)
    return str(url)


def write_public(run: Run, repo: str, folder: Path, license: str | None = None) -> Path:
    """Write the folder that ``push`` uploads, to look at before."""
    if not ADDRESS.fullmatch(f"hf://{repo}"):
        raise UserError(f"A repository of the Hub has a name like user/garments. Received {repo!r}.")
    with folder_written_whole(folder) as staging:
        publish(run, staging)
        write_card(run, repo, staging, staging / CARD, license)
    return folder


def fetch(address: str) -> Run:
    """Download a run from the Hub to its cache, once for each revision; nothing in it is executed or unpickled.

    Nor is a module imported that it names, for a choice that is not Latente's.

    Args:
        address: ``hf://USER/NAME``, or ``hf://USER/NAME@REVISION`` for a branch, tag or commit.

    Raises:
        UserError: The address is wrong, the Hub refuses or cannot be reached, or it holds no run there,
            or one that names a module that is not imported.
    """
    found = ADDRESS.fullmatch(address)
    if not found:
        raise UserError(
            f"A run on the Hub has an address like hf://user/garments or hf://user/garments@v1. Received {address}."
        )
    library = extra("hub", "huggingface_hub", address)
    with _explained(found[1]):
        folder = library.snapshot_download(found[1], revision=found[2], allow_patterns=list(PUBLIC))
    run = Run(folder)
    try:
        names = [str(run.config[axis]["name"]) for axis in AXES]
    except (KeyError, TypeError, IndexError):
        raise UserError(f"A run has a choice on each axis in its config. Received {address} with others.") from None
    foreign = [name for name in names if ":" in name and name.partition(":")[0] not in sys.modules]
    if foreign:
        raise UserError(
            f"A run on the Hub may name Latente's choices, and those that are imported. Received {address} with "
            f"{', '.join(foreign)}: if you trust that module, import it before."
        )
    return run


@contextlib.contextmanager
def _explained(repo: str) -> Iterator[None]:
    """Turn the Hub's refusals, and a Hub out of reach, into messages with a remedy."""
    from huggingface_hub import errors

    try:
        yield
    except errors.RevisionNotFoundError:
        raise UserError(f"{repo} has no such revision on the Hub. Leave @REVISION out for the newest.") from None
    except (errors.LocalTokenNotFoundError, errors.HfHubHTTPError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(error, errors.HfHubHTTPError) and status not in (401, 403, 404):
            raise UserError(f"The Hub failed at {repo}: {error}. Mend what it names, or try again later.") from None
        raise UserError(
            f"The Hub does not let you at {repo}: it does not exist, or is not yours. Check the name, and log in with "
            f"a token that may read or write it: hf auth login"
        ) from None
    except (errors.HTTPError, errors.LocalEntryNotFoundError, ConnectionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"The Hub cannot be reached for {repo}: {reason.rstrip('.')}. Check the network.") from None
