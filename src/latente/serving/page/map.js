/** The latent map: the codes of the test images in a plane, and the decoder's image of any point of it. */

import { client } from "./api.js";
import { axisTitle, codeAt, coordinates, labelsOf, nameOfImage, nameOfLabel, pointOf } from "./projection.js";
import { seriesColour } from "./chart.js";
import { classField } from "./classes.js";
import { attempt, button, choice, field, h, statusLine } from "./dom.js";
import { t, text } from "./language.js";
import { Plane } from "./plane.js";
import { Previews } from "./previews.js";
import * as view from "./view.js";

export const title = text("Map");
export const lead = text("Each dot is the code of a test image. Move over the map to see what the decoder makes of each place.");

export function mount(root, { run, signal }) {
  const status = statusLine();
  const tools = h("div", { class: "controls" });
  const body = h("div");
  let shown = new AbortController();
  signal.addEventListener("abort", () => shown.abort());
  const load = () => {
    shown.abort();
    shown = new AbortController();
    const own = shown.signal;
    const work = async () => {
      const map = await client(run, own).map(latentsShown(run));
      show({ tools, body }, run, { ...map, axes: map.axes.map(axisTitle) }, own);
    };
    attempt(status, work, t("Encoding the test images …"));
  };
  root.append(h("div", { class: "controls" }, toolbar(run, load), tools), status.element, body);
  load();
}

/** The two latents of the address, or null for the principal components. */
function latentsShown(run) {
  const [x, y] = ["x", "y"].map((name) => view.integer(name, null, 0, run.latent_dim - 1));
  return run.latent_dim > 2 && x !== null && y !== null && x !== y ? [x, y] : null;
}

/** Which plane of the latent space is shown, where there is more than one. */
function toolbar(run, load) {
  if (run.latent_dim <= 2) return "";
  const shown = latentsShown(run);
  const [first, second] = run.latents.map((latent) => latent.index);
  const pair = shown ?? [first, second];
  const change = (latents) => {
    view.set({ x: latents?.[0], y: latents?.[1] });
    const focused = [...bar.querySelectorAll("select")].indexOf(document.activeElement);
    const next = toolbar(run, load);
    bar.replaceWith(next);
    next.querySelectorAll("select")[focused]?.focus();
    load();
  };
  const projections = [
    ["components", t("Principal components")],
    ["latents", t("Two latents")],
  ];
  const projection = choice(projections, shown ? "latents" : "components", (kind) =>
    change(kind === "latents" ? pair : null),
  );
  const names = run.latents.map(({ index, kl }) => [
    index,
    kl === null ? `z ${index}` : t("z {index} ({kl} nats)", { index: String(index), kl }),
  ]);
  const axis = (i) => {
    const free = names.filter(([index]) => index !== pair[1 - i]);
    return field(
      i ? t("Up") : t("Across"),
      choice(free, pair[i], (index) => change(pair.map((old, j) => (j === i ? Number(index) : old)))),
    );
  };
  const bar = h(
    "div",
    { class: "controls" },
    field(t("Plane"), projection),
    ...(shown ? [axis(0), axis(1)] : []),
  );
  return bar;
}

function show({ tools, body }, run, map, signal) {
  const status = statusLine();
  const spoken = h("p", { class: "hidden", role: "status" });
  const previews = new Previews(run, map, signal, status);
  const moved = (point, byKey) => {
    const near = plane.nearest(point);
    previews.move(point, near);
    if (byKey) spoken.textContent = [coordinates(map, point), near === null ? "" : nameOfImage(map, near)].join(". ");
  };
  const pinned = (point) => {
    const z = view.codeText(codeAt(map, point));
    view.set({ z });
    plane.setPin(point);
    previews.pin(point, z);
  };
  const plane = new Plane(map, { label: t("Latent map. Arrow keys move the crosshair, with Shift in larger steps; Enter pins the place; plus, minus and 0 zoom."), moved, pinned, signal });
  tools.replaceChildren(classField(run, () => previews.again()) ?? "", ...zooms(plane));
  const help = h("p", { class: "soft" }, t("Drag to pan, scroll to zoom, click to pin. By keyboard: focus the map, move with the arrow keys (Shift for larger steps), pin with Enter, zoom with + and −, 0 shows all."));
  body.replaceChildren(
    h("div", { class: "map-grid" }, plane.element, previews.element),
    legend(map, plane),
    status.element,
    spoken,
    help,
  );
  attempt(status, async () => {
    await plane.draw();
    if (signal.aborted) return; // the reader went on while Plotly was loading
    const point = pointOf(map, view.code(run));
    moved(point ?? [0, 0], false);
    if (point) pinned(point);
  });
}

const zooms = (plane) => [
  button(t("Zoom in"), () => plane.zoom(0.7)),
  button(t("Zoom out"), () => plane.zoom(1.4)),
  button(t("Show all"), () => plane.all()),
];

/** The classes, each a button that shows or hides it. */
function legend(map, plane) {
  if (!map.labels) return "";
  const item = (label, i) => {
    const swatch = h("span", { class: "swatch", style: `background: ${seriesColour(i)}` });
    const toggle = (event) => {
      const visible = event.currentTarget.getAttribute("aria-pressed") === "false";
      event.currentTarget.setAttribute("aria-pressed", visible);
      plane.show(label, visible);
    };
    return h("button", { type: "button", "aria-pressed": "true", onclick: toggle }, swatch, nameOfLabel(map, label));
  };
  return h("div", { class: "legend", role: "group", "aria-label": t("Classes: press to show or hide") }, ...labelsOf(map).map(item));
}
