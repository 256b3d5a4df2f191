"""Photographs the explorer for docs/explorer.md: ``python tools/explorer_screenshots.py http://127.0.0.1:8000``.

The service at that address serves a run on Fashion-MNIST named homework, and one with conditional named cond.
"""

import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parents[1] / "docs" / "explorer"
WIDE, NARROW = {"width": 1280, "height": 940}, {"width": 390, "height": 844}
CODE = "-0.3,1.2,0.4,-1.4,0,0,0.8,-0.2,1.5,0.6"
VIEWS = {
    # name: (address after the #, width, colours, language)
    "map": ("panel=map&run=homework", WIDE, "light", "en"),
    "map-narrow": ("panel=map&run=homework", NARROW, "dark", "es"),
    "sliders": (f"panel=sliders&run=homework&z={CODE}", WIDE, "light", "en"),
    "sliders-narrow": (f"panel=sliders&run=homework&z={CODE}", NARROW, "light", "en"),
    "path": ("panel=path&run=homework&a=0&b=1&t=25", WIDE, "light", "en"),
    "reconstruct": ("panel=reconstruct&run=homework&image=12", WIDE, "light", "en"),
    "samples": ("panel=samples&run=homework", WIDE, "light", "en"),
    "compare": ("panel=compare&run=homework&mode=images&runs=homework,cond", WIDE, "light", "en"),
    "training": ("panel=training&run=homework", WIDE, "dark", "en"),
}


def main(address: str) -> None:
    """Take each view."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (view, size, colours, language) in VIEWS.items():
            context = browser.new_context(viewport=size, color_scheme=colours, locale=language)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(f"{address}/#{view}")
            page.wait_for_load_state("networkidle")
            if name.startswith("map"):
                pin(page)
            path = FOLDER / f"{name}.png"
            page.screenshot(path=path, full_page=size is NARROW)
            Image.open(path).convert("RGB").quantize(dither=Image.Dither.NONE).save(path, optimize=True)
            context.close()
        browser.close()


def pin(page: Page) -> None:
    """Pin one place of the map and point at another."""
    plane = page.locator(".plane")
    box = plane.bounding_box()
    assert box is not None
    plane.click(position={"x": 0.25 * box["width"], "y": 0.4 * box["height"]})
    plane.hover(position={"x": 0.64 * box["width"], "y": 0.7 * box["height"]})
    page.wait_for_timeout(1000)


main(sys.argv[1])
