"""The explorer in a real browser, over small trained runs: what a reader does in it, and what it must not do."""

import base64
import io
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

import latente
from latente.serving import create_app
from latente.training import Run

PATIENCE = 20_000  # ms: a busy machine takes seconds for what an idle one does at once
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
PANELS = {
    "map": ".legend button",
    "sliders": ".latent",
    "path": ".film img",
    "samples": ".samples img",
    "reconstruct": ".figures",
    "compare": ".row img",
    "training": ".main-svg",
}
"""What each panel shows when it has loaded."""


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three latents that have learned enough for the image to follow them."""
    path = tmp_path_factory.mktemp("runs") / "taught"
    options = {"network.name": "Dense", "network.hidden": (64,), "training.lr": 0.01, "epochs": 20}
    return latente.train("digits", run_dir=path, progress=False, latent_dim=3, **options)


@pytest.fixture(scope="module")
def address(taught: Run, plane: Run) -> Iterator[str]:
    """The service over two runs, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app([taught, plane]), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def context(address: str) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
        own = playwright.chromium.executable_path
        if not found and not Path(own).exists():
            pytest.skip("no Chromium: install it with apt-get install chromium, or playwright install chromium")
        browser = playwright.chromium.launch(executable_path=found[0] if found else own, args=FLAGS)
        yield browser.new_context(base_url=address, locale="en-GB", viewport={"width": 1280, "height": 900})
        browser.close()


@pytest.fixture
def errors() -> list[str]:
    """What the page reported; a test that expects errors takes them out."""
    return []


@pytest.fixture
def page(context: BrowserContext, address: str, errors: list[str]) -> Iterator[Page]:
    """A page that may neither report an error nor ask another host for anything."""
    foreign: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(f"{message.text} {message.location['url']}")

    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.on("console", said)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else foreign.append(asked.url))
    yield page
    page.evaluate("localStorage.clear()")
    page.close()
    assert errors == []
    assert foreign == []


def shown(image: Locator) -> str:
    """The source of an image, once it has one."""
    expect(image).to_have_attribute("src", re.compile("."))
    return image.get_attribute("src") or ""


def changes(image: Locator, act: Callable[[], object]) -> None:
    """Check that an action gives an image another content."""
    before = shown(image)
    act()
    expect(image).not_to_have_attribute("src", before)


def test_moving_over_the_map_decodes_the_place(page: Page) -> None:
    page.goto("/")
    plane = page.locator(".plane")
    decoded = page.locator("#decoded")
    shown(decoded)
    box = plane.bounding_box()
    assert box is not None
    changes(decoded, lambda: page.mouse.move(box["x"] + 150, box["y"] + 100))
    changes(decoded, lambda: page.mouse.move(box["x"] + 400, box["y"] + 300, steps=5))
    page.mouse.click(box["x"] + 400, box["y"] + 300)
    page.get_by_role("link", name="Open in Sliders").click()
    expect(page.get_by_role("heading", name="Sliders")).to_be_visible()
    pinned = [float(text.replace("−", "-")) for text in page.locator(".latent .value").all_inner_texts()]
    assert any(pinned)
    code = [float(z) for z in parse_qs(page.url.partition("#")[2])["z"][0].split(",")]
    assert sorted(pinned) == pytest.approx(sorted(code), abs=0.006)


def test_the_map_answers_the_keyboard(page: Page) -> None:
    page.goto("/")
    decoded = page.locator("#decoded")
    shown(decoded)
    page.locator(".plane").focus()
    changes(decoded, lambda: page.keyboard.press("Shift+ArrowRight"))
    page.keyboard.press("Enter")
    expect(page.locator(".previews")).to_contain_text("Pinned at PC 1 = ")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Open in Sliders")).to_be_focused()


def test_a_view_survives_reloading(page: Page) -> None:
    page.goto("/#panel=sliders&run=plane&z=1.5,-0.25")
    expect(page.locator(".latent .value")).to_have_count(2)
    before = shown(page.locator("#decoded"))
    values = page.locator(".latent .value").all_inner_texts()
    assert sorted(values) == ["1.50", "−0.25"]
    page.reload()
    expect(page.locator(".latent .value")).to_have_text(values)
    assert shown(page.locator("#decoded")) == before


def test_a_slider_changes_the_image(page: Page) -> None:
    page.goto("/#panel=sliders")
    decoded = page.locator("#decoded")
    slider = page.get_by_role("slider").first
    expect(slider).to_have_accessible_name(re.compile(r"z \d, .*nats"))
    changes(decoded, lambda: slider.fill("2.5"))
    changes(decoded, lambda: slider.press("PageDown"))
    expect(page.locator(".latent .value").first).not_to_have_text("2.50")
    page.get_by_role("button", name="All to 0").click()
    expect(page.locator(".latent .value").first).to_have_text("0.00")


def test_a_path_between_two_test_images_is_scrubbed(page: Page) -> None:
    page.goto("/#panel=path")
    scrubbed = page.locator("#scrubbed")
    shown(scrubbed)
    changes(scrubbed, page.get_by_role("button", name="Test image 7").click)
    page.get_by_role("button", name="Test image 12").click()
    expect(page.locator(".film img")).to_have_count(10)
    expect(page.locator("fieldset").nth(1)).to_contain_text("Test image 12")
    changes(scrubbed, lambda: page.get_by_role("slider").fill("45"))
    expect(page.locator("figcaption", has_text="100% of the way")).to_be_visible()
    changes(scrubbed, page.locator(".film button").nth(4).click)
    page.get_by_role("combobox", name="Path").select_option("spherical")
    expect(page).to_have_url(re.compile("a=7&b=12.*path=spherical"))


def test_an_uploaded_image_gets_an_elbo(page: Page) -> None:
    page.goto("/#panel=reconstruct")
    expect(page.locator(".figures")).to_contain_text("nats")
    first = page.locator(".figures").inner_text()
    stream = io.BytesIO()
    Image.fromarray(np.tile(np.arange(0, 240, 8, dtype="uint8"), (20, 1))).save(stream, "PNG")
    upload = page.locator("input[type=file]")
    upload.set_input_files({"name": "ramp.png", "mimeType": "image/png", "buffer": stream.getvalue()})
    expect(page.locator("fieldset")).to_contain_text("ramp.png")
    expect(page.locator(".figures")).not_to_have_text(first)
    assert re.search(r"ELBO\s+−[\d.,]+ nats", page.locator(".figures").inner_text())
    expect(page.get_by_text("of the test images.", exact=False)).to_be_visible()
    expect(page.locator(".near img")).to_have_count(8)
    assert Image.open(io.BytesIO(base64.b64decode(shown(page.locator("#reconstruction")).partition(",")[2])))


def test_what_fails_says_why_and_is_tried_again(page: Page, errors: list[str]) -> None:
    page.route("**/sample", lambda route: route.fulfill(status=429, json={"detail": "Too many requests: wait."}))
    page.goto("/#panel=samples&n=9")
    expect(page.get_by_role("status")).to_contain_text("Too many requests: wait.")
    page.unroute("**/sample")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".samples img")).to_have_count(9)
    expect(page.get_by_role("status")).to_be_empty()
    assert "429" in errors.pop()


def test_the_two_runs_are_compared(page: Page) -> None:
    page.goto("/#panel=compare")
    expect(page.get_by_text("different numbers of latents (taught: 3, plane: 2)")).to_be_visible()
    expect(page.locator(".row img")).to_have_count(16)
    page.get_by_role("combobox", name="Compare").select_option("images")
    expect(page.get_by_text("Mean ELBO of these images")).to_have_count(2)
    expect(page.locator(".row img")).to_have_count(24)


def test_the_curves_of_training_are_drawn(page: Page) -> None:
    page.goto("/#panel=training")
    expect(page.locator(".chart .main-svg").first).to_be_visible()
    expect(page.get_by_text("20 of 20 epochs")).to_be_visible()
    expect(page.get_by_role("button", name="Diagnose")).to_be_enabled()


def test_findings_are_read_in_the_readers_language(page: Page, taught: Run) -> None:
    english = {"evidence": "All is dead.", "cause": "Too hot.", "remedy": "Cool it."}
    spanish = {"evidence": "Todo está muerto.", "cause": "Demasiado calor.", "remedy": "Enfríelo."}
    new = {"name": "posterior-collapse", "severity": "sick", "figures": {}, **english, "translations": {"es": spanish}}
    old = {"name": "blur", "severity": "sick", "figures": {}, **english, "evidence": "Stored long ago."}
    taught.add_metrics({"diagnosis": {"value": False, "unit": "healthy", "findings": [new, old]}})
    page.goto("/#panel=training")
    expect(page.get_by_text("All is dead.")).to_be_visible()
    page.get_by_role("combobox", name="Language").select_option("es")
    expect(page.get_by_text("Todo está muerto.")).to_be_visible()
    expect(page.get_by_text("All is dead.")).to_have_count(0)
    expect(page.get_by_text("Stored long ago.")).to_have_attribute("lang", "en")
    page.get_by_role("combobox", name="Idioma").select_option("en")


def test_what_is_drawn_while_a_language_is_on_its_way_is_in_that_of_before(page: Page) -> None:
    page.goto("/#panel=training")
    page.route("**/texts/es", lambda route: None)  # never answered
    said = """async () => {
        const { choose, t } = await import("/page/language.js");
        choose("es");
        return t("Training");
    }"""
    assert page.evaluate(said) == "Training"


def test_every_panel_in_spanish_on_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    page.get_by_role("combobox", name="Language").select_option("es")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.reload()
    english = re.compile(r"\b(The|the|Latents|Test image|Seed|of|undefined)\b|\b[a-z]+\.[a-z]+-[a-z]+\b")
    for panel, loaded in PANELS.items():
        page.goto(f"/#panel={panel}")
        expect(page.locator(f".{panel}-panel {loaded}").first).to_be_visible()
        text = page.locator("body").inner_text()
        assert "Variables latentes" in text
        assert not english.search(text), panel
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, panel
