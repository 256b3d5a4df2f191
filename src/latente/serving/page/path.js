/** The path between two images: scrub along it, and see ten of its images at once. */

import { client, picture } from "./api.js";
import { attempt, choice, field, figure, h, latest, statusLine } from "./dom.js";
import { number, t, text } from "./language.js";
import { asImage, imagePicker, testStrip } from "./picker.js";
import * as view from "./view.js";

const FILM = 10; // images of the filmstrip
const BETWEEN = 5; // positions of the scrubber from one of them to the next
const STEPS = (FILM - 1) * BETWEEN + 1;

export const title = text("Path");
export const lead = text("The images between two images: their codes are joined by a path, and the decoder draws what lies on it.");

export function mount(root, { run, signal }) {
  const api = client(run, signal);
  const status = statusLine();
  const film = filmstrip();
  const load = latest(async () => {
    const [start, end] = ends.map((end) => end.value());
    if (!start || !end) return;
    const labels = run.classes.length ? ends.map((end) => end.labels()) : undefined;
    const path = view.get("path", "linear");
    film.show((await api.interpolate({ start: asImage(start), end: asImage(end), steps: STEPS, path, labels })).images);
  }, status);
  const changed = () => {
    view.set(Object.fromEntries(ends.map((end, i) => ["ab"[i], end.value()?.test])));
    status.loading();
    load();
  };
  const ends = [t("Start"), t("End")].map((title) => imagePicker({ run, title, changed }));
  const paths = [
    ["linear", t("Linear: the straight line")],
    ["spherical", t("Spherical: the great circle")],
  ];
  const kind = choice(paths, view.get("path", "linear"), (path) => {
    view.set({ path });
    load();
  });
  root.append(
    h("div", { class: "pair" }, ...ends.map((end) => end.element)),
    h("div", { class: "controls" }, field(t("Path"), kind)),
    status.element,
    film.element,
    ...choices(run, ends),
  );
  if (run.test_images === null) status.say(t("Upload two images to see the path between them."));
  else attempt(status, () => begin(run, ends, load));
}

/** Test images to click, which set the two ends in turn. */
function choices(run, ends) {
  if (run.test_images === null) return [h("p", { class: "note" }, t("The run's data are not at hand, so there are no test images to choose from: upload two images."))];
  let next = 0;
  const pick = (index) => {
    ends[next].set({ test: index });
    next = 1 - next;
  };
  return [h("p", { class: "soft" }, t("Click a test image to set the start; the next one sets the end, and so on in turn.")), testStrip(run, pick)];
}

/** The two test images of the address, or the first two. */
async function begin(run, ends, load) {
  const most = run.test_images - 1;
  await Promise.all(ends.map((end, i) => end.set({ test: view.integer("ab"[i], Math.min(i, most), 0, most) }, false)));
  await load();
}

/** The images of a path: a large one, which the scrubber moves along it, and ten small ones. */
function filmstrip() {
  const large = figure("", { id: "scrubbed" });
  const film = h("div", { class: "film" });
  const scrubber = h("input", {
    type: "range",
    min: 0,
    max: STEPS - 1,
    step: 1,
    value: view.integer("t", 0, 0, STEPS - 1),
  });
  let images = [];
  const at = (position) => t("{share}% of the way", { share: number((100 * position) / (STEPS - 1), 0) });
  const scrub = () => {
    const position = Number(scrubber.value);
    large.image.src = picture(images[position]);
    large.image.alt = large.caption.textContent = at(position);
    scrubber.setAttribute("aria-valuetext", at(position));
    for (const [i, item] of [...film.children].entries())
      item.classList.toggle("here", i === Math.round(position / BETWEEN));
    view.set({ t: position });
  };
  const small = (i) => {
    const position = i * BETWEEN;
    const onclick = () => {
      scrubber.value = position;
      scrub();
    };
    const image = h("img", { class: "pixels", src: picture(images[position]), alt: at(position) });
    return h("button", { type: "button", title: at(position), onclick }, image);
  };
  scrubber.addEventListener("input", scrub);
  const beside = h("div", {}, field(t("Position"), scrubber), film);
  const element = h("div", { class: "split", hidden: true }, h("div", { class: "side" }, large.element), beside);
  const show = (found) => {
    images = found;
    element.hidden = false;
    film.replaceChildren(...Array.from({ length: FILM }, (_, i) => small(i)));
    scrub();
  };
  return { element, show };
}
