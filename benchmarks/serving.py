"""How fast `latente serve` answers: many clients that decode at once, and the pointer on the explorer's map.

    python benchmarks/serving.py RUN [--seconds 60] [--clients 32] [--data-dir DIR]

Server, clients and browser share the machine, so that the figures are those of one machine under all of that load. Each
client sends one code after another, as a moving pointer does, over one connection. The server's memory is read every
five seconds. Writes `results/serving.json`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
MOVES = 200


def main() -> None:
    """Serve, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--data-dir")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "latente", "serve", str(arguments.run), "--port", "0"]
    command += ["--data-dir", arguments.data_dir] if arguments.data_dir else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().split()[-1]
            (run,) = _get(address, "/api/v1/runs")
            found = {
                "pointer": pointer(address),
                "load": load(address, run, server.pid, arguments.clients, arguments.seconds),
            }
        finally:
            server.terminate()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "serving.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def load(address: str, run: dict, server: int, clients: int, seconds: float) -> dict:
    """Clients that decode one code after another for a time."""
    place, path = address.removeprefix("http://"), f"/api/v1/runs/{run['name']}/decode"
    times: list[float] = []
    errors: list[str] = []
    end = time.perf_counter() + seconds

    def client(seed: int) -> None:
        rng, line = random.Random(seed), http.client.HTTPConnection(place)
        while time.perf_counter() < end:
            body = json.dumps({"codes": [[rng.gauss(0, 1) for _ in range(run["latent_dim"])]]})
            begun = time.perf_counter()
            line.request("POST", path, body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            content = answer.read()
            times.append(time.perf_counter() - begun)
            if answer.status != 200 or not json.loads(content)["images"]:
                errors.append(f"{answer.status} {content[:100]!r}")

    threads = [threading.Thread(target=client, args=[i]) for i in range(clients)]
    for thread in threads:
        thread.start()
    memory = []
    while any(thread.is_alive() for thread in threads):
        memory.append(_megabytes(server))
        time.sleep(5)
    times.sort()
    return {
        "clients": clients,
        "seconds": seconds,
        "requests": len(times),
        "errors": errors[:10],
        "requests_per_second": round(len(times) / seconds, 1),
        "median_ms": round(1000 * statistics.median(times), 1),
        "p99_ms": round(1000 * times[int(0.99 * len(times))], 1),
        "longest_ms": round(1000 * times[-1], 1),
        "memory_mb": memory,
    }


MEASURE = """
async (moves) => {
  const plane = document.querySelector(".plane"), image = document.querySelector("#decoded");
  const box = plane.getBoundingClientRect(), times = [];
  for (let i = 0; i < moves; i++) {
    const before = image.src, at = { clientX: box.left + box.width * (0.3 + 0.4 * Math.random()),
                                     clientY: box.top + box.height * (0.3 + 0.4 * Math.random()), bubbles: true };
    const begun = performance.now();
    plane.dispatchEvent(new PointerEvent("pointermove", at));
    while (image.src === before) await new Promise((next) => setTimeout(next, 0));
    await image.decode();
    times.push(performance.now() - begun);
    await new Promise((next) => setTimeout(next, 30));
  }
  return times;
}
"""


def pointer(address: str) -> dict:
    """Milliseconds from a move of the pointer over the map to the new image, decoded, in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_selector("#decoded[src^=data]", timeout=60_000)
        times = sorted(page.evaluate(MEASURE, MOVES))
        browser.close()
    return {
        "moves": MOVES,
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(0.95 * MOVES)], 1),
        "longest_ms": round(times[-1], 1),
    }


def _get(address: str, path: str) -> Any:
    with urllib.request.urlopen(address + path, timeout=60) as answer:
        return json.load(answer)


def _megabytes(process: int) -> int:
    """Resident memory, from Linux's own account."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 // 2**20


if __name__ == "__main__":
    main()
