/** The plane of the latent map: the codes of the test images, a crosshair that pointer and arrow keys move, a pin. */

import { labelsOf } from "./projection.js";
import { colour, draw, seriesColour } from "./chart.js";
import { h } from "./dom.js";

const CLICK = 5; // pixels between press and release that are still a click, not a drag
const NEAR = 16; // pixels from the pointer to the test image that it means
const STEPS = { coarse: 1 / 10, fine: 1 / 50 }; // of the visible range, for each press of an arrow key
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Plane {
  /** `map` is the service's answer; `moved` and `pinned` receive a point of the plane, and `moved` whether a key did it. */
  constructor(map, { label, moved, pinned, signal }) {
    this.map = map;
    this.hidden = new Set();
    this.handlers = { moved, pinned };
    this.plot = h("div", { class: "plot" });
    this.cross = h("div", { class: "cross", hidden: true });
    this.pin = h("div", { class: "pin", hidden: true });
    this.element = h(
      "div",
      { class: "plane", tabindex: 0, role: "application", "aria-label": label },
      this.plot,
      this.cross,
      this.pin,
    );
    this.listen(signal);
  }

  async draw() {
    const [x, y] = this.map.axes;
    const layout = { xaxis: { title: x }, yaxis: { title: y }, dragmode: "pan", hovermode: false };
    this.plotly = await draw(this.plot, this.traces(), layout, { scrollZoom: true });
    for (const event of ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"]) {
      this.plot.on?.(event, () => this.place());
    }
  }

  /** One trace for each class, so that a class can be hidden. SVG, because WebGL would need eval and a GPU. */
  traces() {
    const { points, labels } = this.map;
    this.classes = labelsOf(this.map);
    return this.classes.map((label, i) => {
      const own = labels ? points.filter((_, index) => labels[index] === label) : points;
      const marker = { size: 5, opacity: 0.75, color: label === null ? colour("accent") : seriesColour(i) };
      return { type: "scatter", mode: "markers", x: own.map((p) => p[0]), y: own.map((p) => p[1]), marker };
    });
  }

  /** Show or hide the test images of a class. */
  show(label, visible) {
    if (visible) this.hidden.delete(label);
    else this.hidden.add(label);
    this.plotly?.restyle(this.plot, { visible }, [this.classes.indexOf(label)]);
  }

  // Plotly has no public way from pixels to data: its own axes know it.
  get axes() {
    const { xaxis, yaxis } = this.plot._fullLayout ?? {};
    return xaxis && yaxis ? [xaxis, yaxis] : null;
  }

  pixels([a, b]) {
    const [x, y] = this.axes;
    return [x._offset + x.d2p(a), y._offset + y.d2p(b)];
  }

  /** The point of the plane under an event, or null beside the axes. */
  under(event) {
    if (!this.axes) return null;
    const [x, y] = this.axes;
    const box = this.plot.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left - x._offset, event.clientY - box.top - y._offset];
    return left < 0 || top < 0 || left > x._length || top > y._length ? null : [x.p2d(left), y.p2d(top)];
  }

  /** The position in the map's lists of the test image that a point means, or null. */
  nearest(point) {
    const [px, py] = this.pixels(point);
    let [best, least] = [null, NEAR ** 2];
    this.map.points.forEach((other, i) => {
      if (this.hidden.has(this.map.labels?.[i])) return;
      const [x, y] = this.pixels(other);
      const distance = (x - px) ** 2 + (y - py) ** 2;
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  /** Put the pin at a point, or away with null. */
  setPin(point) {
    this.pinned = point;
    this.place();
  }

  place() {
    for (const [marker, point] of [
      [this.pin, this.pinned],
      [this.cross, this.crossed],
    ]) {
      marker.hidden = !point || !this.axes || !this.visible(point);
      if (marker.hidden) continue;
      const [left, top] = this.pixels(point);
      marker.style.transform = `translate(${left}px, ${top}px)`;
    }
  }

  visible(point) {
    return this.axes.every((axis, i) => {
      const [low, high] = [...axis.range].sort((a, b) => a - b);
      return point[i] >= low && point[i] <= high;
    });
  }

  /** Make the visible range `factor` times as large. */
  zoom(factor) {
    if (!this.axes) return;
    const around = ([low, high]) => {
      const [middle, half] = [(low + high) / 2, ((high - low) / 2) * factor];
      return [middle - half, middle + half];
    };
    const [x, y] = this.axes;
    this.plotly.relayout(this.plot, { "xaxis.range": around(x.range), "yaxis.range": around(y.range) });
  }

  all() {
    this.plotly?.relayout(this.plot, { "xaxis.autorange": true, "yaxis.autorange": true });
  }

  listen(signal) {
    const on = (target, name, listener, options = {}) =>
      target.addEventListener(name, listener, { signal, ...options });
    let pressed = null;
    on(this.element, "pointermove", (event) => {
      const point = this.under(event);
      if (point) this.handlers.moved(point, false);
    });
    on(this.element, "pointerdown", (event) => (pressed = this.under(event) && event), { capture: true });
    on(
      window,
      "pointerup",
      (event) => {
        const still = pressed && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) < CLICK;
        const point = still && this.under(event);
        pressed = null;
        if (!point) return;
        this.handlers.moved(point, false); // a finger does not move over the map before it taps
        this.handlers.pinned(point);
      },
      { capture: true },
    );
    on(this.element, "keydown", (event) => this.key(event));
    on(this.element, "blur", () => {
      this.crossed = null;
      this.place();
    });
    signal.addEventListener("abort", () => this.plotly?.purge(this.plot));
  }

  key(event) {
    if (!this.axes || event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = this.axes.map(({ range }) => (range[0] + range[1]) / 2);
    const here = this.crossed ?? this.pinned ?? middle;
    if (event.key in ARROWS) {
      const step = event.shiftKey ? STEPS.coarse : STEPS.fine;
      this.crossed = here.map((value, i) => {
        const [low, high] = this.axes[i].range;
        return Math.min(Math.max(value + ARROWS[event.key][i] * step * (high - low), low), high);
      });
      this.place();
      this.handlers.moved(this.crossed, true);
    } else if (event.key === "Enter" || event.key === " ") this.handlers.pinned(here);
    else if (event.key === "+") this.zoom(0.8);
    else if (event.key === "-") this.zoom(1.25);
    else if (event.key === "0") this.all();
    else return;
    event.preventDefault();
  }
}
