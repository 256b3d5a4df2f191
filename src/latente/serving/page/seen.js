/** What is seen beside the map: the decoder's image at the pointer, the nearest test image, and the pinned place. */

import { client, picture, testImage } from "./api.js";
import { codeAt, coordinates, nameOfImage } from "./atlas.js";
import { labels } from "./classes.js";
import { figure, h, latest } from "./dom.js";
import { t } from "./i18n.js";
import * as view from "./view.js";

const REST = 60; // ms on a test image before it is fetched: while the pointer hurries, the decoder goes first

export class Seen {
  constructor(run, map, signal, status) {
    [this.run, this.map, this.api] = [run, map, client(run, signal)];
    this.decoded = figure(t("map.decoded"), { id: "decoded" });
    this.nearest = figure(t("map.nearest"));
    this.pinned = figure(t("map.no-pin"));
    this.element = h("div", { class: "seen" }, this.decoded.element, this.nearest.element, this.pinned.element);
    this.decode = latest((point) => this.draw(this.decoded, point), status);
    this.decodePinned = latest((point) => this.draw(this.pinned, point), status);
  }

  async draw({ image }, point) {
    const { images } = await this.api.decode({ codes: [codeAt(this.map, point)], labels: labels(this.run) });
    image.src = picture(images[0]);
    image.alt = t("map.decoded-at", { at: coordinates(this.map, point) });
  }

  /** The pointer is at a point, and near the test image at a position of the map's lists, or near none. */
  move(point, near) {
    this.at = point;
    this.decode(point);
    this.decoded.caption.textContent = t("map.decoded-at", { at: coordinates(this.map, point) });
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.showNearest(near), REST);
  }

  showNearest(near) {
    const { image, caption } = this.nearest;
    if (near === null) image.removeAttribute("src");
    else image.src = testImage(this.run, this.map.indices[near]);
    image.alt = near === null ? "" : nameOfImage(this.map, near);
    caption.textContent = near === null ? t("map.none-near") : image.alt;
  }

  pin(point, z) {
    this.pinnedAt = point;
    this.decodePinned(point);
    const open = h("a", { href: view.link({ panel: "sliders", z }) }, t("map.to-sliders"));
    this.pinned.caption.replaceChildren(t("map.pinned-at", { at: coordinates(this.map, point) }), " ", open);
  }

  /** Decode anew, as another class. */
  again() {
    if (this.at) this.decode(this.at);
    if (this.pinnedAt) this.decodePinned(this.pinnedAt);
  }
}
