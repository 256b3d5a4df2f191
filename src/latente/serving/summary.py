"""What is told of a run."""

from __future__ import annotations

from latente.model.collapse import collapsed_dimensions
from latente.serving.loaded_model import LoadedModel
from latente.serving.registry import ServedRun
from latente.serving.schemas import LatentSummary, RunSummary


def summary(served: ServedRun) -> RunSummary:
    """The run as it is now."""
    run, config = served.run, served.run.config
    loaded = served.loaded() if run.trained else None
    log = run.log
    return RunSummary(
        name=served.name,
        trained=loaded is not None,
        image_shape=list(served.image_shape),
        latent_dim=config["latent_dim"],
        classes=run.classes,
        **{axis: config[axis]["name"] for axis in ("objective", "posterior", "prior", "likelihood")},
        beta=config["objective"].get("beta"),
        data=config["data"]["name"],
        latente=served.version,
        epoch=loaded.entry["epoch"] if loaded else None,
        epochs=config["training"]["epochs"],
        epochs_done=log[-1]["epoch"] if log else 0,
        density=served.density,
        test_images=len(served.dataset.test) if served.dataset else None,
        fitted_prior=loaded is not None and loaded.fitted_prior is not None,
        latents=ordered_latents(served, loaded) if served.density else [],
    )


def ordered_latents(served: ServedRun, loaded: LoadedModel | None) -> list[LatentSummary]:
    """Every latent, the largest KL first, by the validation of these weights; in their own order where it has none."""
    each = loaded.entry.get("val_kl_per_dimension") if loaded else None
    if each is None:
        return [LatentSummary(index=i, kl=None, dead=False) for i in range(served.run.config["latent_dim"])]
    dead = collapsed_dimensions(each)
    order = sorted(range(len(each)), key=lambda i: -each[i])
    return [LatentSummary(index=i, kl=each[i], dead=bool(dead[i])) for i in order]
