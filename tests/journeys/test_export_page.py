"""The page that ``latente export --format html`` writes, in a browser."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from latente.export.page import export_page
from latente.training import Run


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; the test skips where there is none."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


def shown(page: Any, canvas: str) -> str:
    page.wait_for_timeout(100)
    return page.locator(canvas).evaluate("canvas => canvas.toDataURL()")


def test_the_page_works_without_a_server(browser: Any, untrained: Callable[..., Run]):
    run = untrained("digits", classes=10, latent_dim=3, **{"network": "Dense", "network.hidden": (16,)})
    path = export_page(run)
    assert path == run.path / "export" / "digits.html"
    assert path.stat().st_size < 2_000_000
    page = browser.new_page(viewport={"width": 390, "height": 800}, locale="en-GB")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
    page.goto(path.as_uri())
    pages = {"start": shown(page, "#under")}
    page.locator("#across").press("End")
    pages["keyboard"] = shown(page, "#under")
    page.locator("#map").hover(position={"x": 5, "y": 5})
    pages["pointer"] = shown(page, "#under")
    page.select_option("#class", "7")
    pages["class"] = shown(page, "#under")
    assert len(set(pages.values())) == 4
    before = shown(page, "#frame")
    page.locator("#scrub").press("ArrowRight")
    assert shown(page, "#frame") != before
    page.click("#language")
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.locator("h2").first.inner_text() == "El plano latente"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not wrong


def test_the_page_holds_every_part(plane: Run):
    html = export_page(plane).read_text(encoding="utf-8")
    for part in ('id="map"', 'id="latents"', 'id="scrub"', 'id="samples"'):
        assert part in html
    assert "http" not in html
