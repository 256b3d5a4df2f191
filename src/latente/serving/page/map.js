/** The latent map: the codes of the test images in a plane, and the decoder's image of any point of it. */

import { client, picture, testImage } from "./api.js";
import { seriesColour } from "./chart.js";
import { classField, labels } from "./classes.js";
import { attempt, button, choice, field, figure, h, latest, statusLine } from "./dom.js";
import { fixed, t } from "./i18n.js";
import { Plane } from "./plane.js";
import * as view from "./view.js";

const REST = 60; // ms on a test image before it is fetched: while the pointer hurries, the decoder goes first
const ON_PLANE = 0.02; // the address rounds codes; farther off the plane than this is another code

export function mount(root, { run, signal }) {
  const status = statusLine();
  const tools = h("div", { class: "controls" });
  const body = h("div");
  const load = () =>
    attempt(status, async () => {
      const map = await client(run, signal).map(latentsShown(run));
      show(body, tools, run, signal, { ...map, axes: map.axes.map(axisTitle) });
    }, t("map.loading"));
  root.append(h("div", { class: "controls" }, toolbar(run, load), tools), status.element, body);
  load();
}

/** The two latents of the address, or null for the principal components. */
function latentsShown(run) {
  const [x, y] = ["x", "y"].map((name) => view.integer(name, null, 0, run.latent_dim - 1));
  return run.latent_dim > 2 && x !== null && y !== null && x !== y ? [x, y] : null;
}

/** The service names components in English. */
function axisTitle(axis) {
  const found = /^PCA (\d+) \((\d+)% of variance\)$/.exec(axis);
  return found ? t("map.component", { i: found[1], share: found[2] }) : axis;
}

function toolbar(run, load) {
  if (run.latent_dim <= 2) return "";
  const shown = latentsShown(run);
  const [first, second] = run.latents.map((latent) => latent.index);
  const pair = shown ?? [first, second];
  const change = (latents) => {
    view.set({ x: latents?.[0], y: latents?.[1] });
    bar.replaceWith(toolbar(run, load));
    load();
  };
  const projections = [["components", t("map.components")], ["latents", t("map.two-latents")]];
  const projection = choice(projections, shown ? "latents" : "components", (kind) => change(kind === "latents" ? pair : null));
  const names = run.latents.map(({ index, kl }) => [index, kl === null ? `z ${index}` : t("map.latent", { index: String(index), kl })]);
  const axis = (i) => {
    const free = names.filter(([index]) => index !== pair[1 - i]);
    return field(t(i ? "map.y" : "map.x"), choice(free, pair[i], (index) => change(pair.map((old, j) => (j === i ? Number(index) : old)))));
  };
  const bar = h("div", { class: "controls" }, field(t("map.projection"), projection), ...(shown ? [axis(0), axis(1)] : []));
  return bar;
}

function show(body, tools, run, signal, map) {
  const status = statusLine();
  const spoken = h("p", { class: "hidden", role: "status" });
  const decoded = figure(t("map.decoded"), { id: "decoded" });
  const nearest = figure(t("map.nearest"));
  const pinned = figure(t("map.no-pin"));
  const api = client(run, signal);
  let at = projected(map, view.code(run)) ?? [0, 0];
  let resting = null;

  const decode = latest(async (point) => {
    const { images } = await api.decode({ codes: [codeAt(map, point)], labels: labels(run) });
    decoded.image.src = picture(images[0]);
    decoded.image.alt = t("map.decoded");
  }, status);
  const pinning = latest(async (point) => {
    const { images } = await api.decode({ codes: [codeAt(map, point)], labels: labels(run) });
    pinned.image.src = picture(images[0]);
    pinned.image.alt = t("map.pinned-at", { at: coordinates(map, point) });
    pinned.caption.replaceChildren(pinned.image.alt, " ", sliders);
  }, status);
  const sliders = h("a", {}, t("map.to-sliders"));

  const moved = (point, byKey) => {
    at = point;
    decode(point);
    decoded.caption.textContent = t("map.decoded-at", { at: coordinates(map, point) });
    const found = plane.nearest(point);
    const name = found === null ? null : nameOf(map, found);
    clearTimeout(resting);
    resting = setTimeout(() => showNearest(nearest, run, map, found), REST);
    if (byKey) spoken.textContent = [coordinates(map, point), name].filter(Boolean).join(". ");
  };
  const pin = (point) => {
    const z = view.codeText(codeAt(map, point));
    view.set({ z });
    sliders.href = view.link({ panel: "sliders", z });
    plane.setPin(point);
    pinning(point);
  };
  const plane = new Plane(map, { label: t("map.plane"), moved, pinned: pin, left: () => {}, signal });
  const again = () => {
    decode(at);
    if (plane.pinned) pinning(plane.pinned);
  };
  const zooms = [
    button(t("map.zoom-in"), () => plane.zoom(0.7)),
    button(t("map.zoom-out"), () => plane.zoom(1.4)),
    button(t("map.zoom-all"), () => plane.all()),
  ];
  tools.replaceChildren(classField(run, again) ?? "", ...zooms);
  body.replaceChildren(
    h("div", { class: "map-grid" }, plane.element, h("div", { class: "seen" }, decoded.element, nearest.element, pinned.element)),
    legend(map, plane) ?? "",
    status.element,
    spoken,
    h("p", { class: "soft" }, t("map.help")),
  );
  attempt(status, async () => {
    await plane.draw();
    if (signal.aborted) return; // the reader went on while Plotly was loading
    const code = projected(map, view.code(run));
    moved(at, false);
    if (code) pin(code);
  });
}

const codeAt = ({ origin, basis }, [a, b]) => origin.map((o, i) => o + a * basis[0][i] + b * basis[1][i]);

/** Where a code lies on the map's plane; null when it lies off it. */
function projected(map, code) {
  if (!code) return null;
  const away = code.map((value, i) => value - map.origin[i]);
  const point = map.basis.map((axis) => axis.reduce((sum, value, i) => sum + value * away[i], 0));
  const gap = codeAt(map, point).map((value, i) => value - code[i]);
  return Math.hypot(...gap) < ON_PLANE ? point : null;
}

/** The name of an axis without its share of the variance. */
const short = (axis) => axis.replace(/ \(.*/, "");

const coordinates = ({ axes }, point) => axes.map((axis, i) => `${short(axis)} = ${fixed(point[i])}`).join(", ");

function nameOf(map, i) {
  const label = map.labels?.[i];
  const values = { index: String(map.indices[i]), name: map.class_names?.[label] ?? String(label) };
  return t(label === undefined ? "test-image" : "test-image-of", values);
}

function showNearest(nearest, run, map, i) {
  const text = i === null ? t("map.none-near") : nameOf(map, i);
  if (i === null) nearest.image.removeAttribute("src");
  else nearest.image.src = testImage(run, map.indices[i]);
  nearest.image.alt = i === null ? "" : text;
  nearest.caption.textContent = text;
}

/** The classes, each a button that shows or hides it. */
function legend(map, plane) {
  if (!map.labels) return null;
  const item = (label, i) => {
    const swatch = h("span", { class: "swatch", style: `background: ${seriesColour(i)}` });
    const toggle = (event) => {
      const visible = event.currentTarget.getAttribute("aria-pressed") === "false";
      event.currentTarget.setAttribute("aria-pressed", visible);
      plane.show(label, visible);
    };
    return h("button", { type: "button", "aria-pressed": "true", onclick: toggle }, swatch, map.class_names?.[label] ?? String(label));
  };
  const classes = [...new Set(map.labels)].sort((a, b) => a - b);
  return h("div", { class: "legend", role: "group", "aria-label": t("map.classes") }, ...classes.map(item));
}
