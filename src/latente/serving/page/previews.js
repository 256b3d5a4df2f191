/** The pictures beside the map: the decoder's image at the pointer, the nearest test image, and the pinned place. */

import { client, picture, testImage } from "./api.js";
import { codeAt, coordinates, nameOfImage } from "./projection.js";
import { labels } from "./classes.js";
import { figure, h, latest } from "./dom.js";
import { t } from "./language.js";
import * as view from "./view.js";

const REST = 60; // ms on a test image before it is fetched: while the pointer hurries, the decoder goes first

export class Previews {
  constructor(run, map, signal, status) {
    [this.run, this.map, this.api] = [run, map, client(run, signal)];
    this.decoded = figure(t("Decoded"), { id: "decoded" });
    this.nearest = figure(t("Nearest test image"));
    this.pinned = figure(t("Click to pin a place"));
    this.element = h("div", { class: "previews" }, this.decoded.element, this.nearest.element, this.pinned.element);
    this.decode = latest((point) => this.draw(this.decoded, point), status);
    this.decodePinned = latest((point) => this.draw(this.pinned, point), status);
  }

  async draw({ image }, point) {
    const { images } = await this.api.decode({ codes: [codeAt(this.map, point)], labels: labels(this.run) });
    image.src = picture(images[0]);
    image.alt = t("Decoded at {at}", { at: coordinates(this.map, point) });
  }

  /** The pointer is at a point, and near the test image at a position of the map's lists, or near none. */
  move(point, near) {
    this.at = point;
    this.decode(point);
    this.decoded.caption.textContent = t("Decoded at {at}", { at: coordinates(this.map, point) });
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.showNearest(near), REST);
  }

  showNearest(near) {
    const { image, caption } = this.nearest;
    if (near === null) image.removeAttribute("src");
    else image.src = testImage(this.run, this.map.indices[near]);
    image.alt = near === null ? "" : nameOfImage(this.map, near);
    caption.textContent = near === null ? t("No test image near the pointer") : image.alt;
  }

  pin(point, z) {
    this.pinnedAt = point;
    this.decodePinned(point);
    const open = h("a", { href: view.link({ panel: "sliders", z }) }, t("Open in Sliders"));
    this.pinned.caption.replaceChildren(t("Pinned at {at}", { at: coordinates(this.map, point) }), " ", open);
  }

  /** Decode anew, as another class. */
  again() {
    if (this.at) this.decode(this.at);
    if (this.pinnedAt) this.decodePinned(this.pinnedAt);
  }
}
