/** The path between two images: scrub along it, and see ten of its images at once. */

import { client, picture } from "./api.js";
import { attempt, choice, field, figure, h, latest, statusLine } from "./dom.js";
import { number, t } from "./i18n.js";
import { asImage, imagePicker, testStrip } from "./picker.js";
import * as view from "./view.js";

const FILM = 10; // images of the filmstrip
const BETWEEN = 5; // positions of the scrubber from one of them to the next
const STEPS = (FILM - 1) * BETWEEN + 1;

export function mount(root, { run, signal }) {
  const api = client(run, signal);
  const status = statusLine();
  const scrubbed = figure("", { id: "scrubbed" });
  const film = h("div", { class: "film" });
  const result = h("div", { class: "split", hidden: true });
  let images = [];
  let next = 0; // the end that the next click on a test image sets

  const load = latest(async () => {
    const [start, end] = ends.map((end) => end.value());
    if (!start || !end) return;
    const given = run.classes.length ? ends.map((end) => end.labels()) : undefined;
    const body = { start: asImage(start), end: asImage(end), steps: STEPS, path: view.get("path", "linear"), labels: given };
    images = (await api.interpolate(body)).images;
    result.hidden = false;
    renderFilm();
    scrub();
  }, status);
  const changed = () => {
    view.set(Object.fromEntries(ends.map((end, i) => ["ab"[i], end.value()?.test])));
    status.loading();
    load();
  };
  const ends = ["path.start", "path.end"].map((title) => imagePicker({ run, title: t(title), changed }));

  const scrubber = h("input", { type: "range", min: 0, max: STEPS - 1, step: 1, value: view.integer("t", 0, 0, STEPS - 1), oninput: () => scrub() });
  const scrub = () => {
    const position = Number(scrubber.value);
    const text = t("path.at", { share: number((100 * position) / (STEPS - 1), 0) });
    scrubbed.image.src = picture(images[position]);
    scrubbed.image.alt = text;
    scrubbed.caption.textContent = text;
    scrubber.setAttribute("aria-valuetext", text);
    for (const [i, item] of [...film.children].entries()) item.classList.toggle("here", i === Math.round(position / BETWEEN));
    view.set({ t: position });
  };
  const renderFilm = () => {
    const item = (i) => {
      const title = t("path.at", { share: number((100 * i) / (FILM - 1), 0) });
      const onclick = () => {
        scrubber.value = i * BETWEEN;
        scrub();
      };
      return h("button", { type: "button", title, onclick }, h("img", { class: "pixels", src: picture(images[i * BETWEEN]), alt: title }));
    };
    film.replaceChildren(...Array.from({ length: FILM }, (_, i) => item(i)));
  };

  const paths = [["linear", t("path.linear")], ["spherical", t("path.spherical")]];
  const kind = choice(paths, view.get("path", "linear"), (chosen) => {
    view.set({ path: chosen });
    load();
  });
  result.append(h("div", { class: "side" }, scrubbed.element), h("div", {}, field(t("path.position"), scrubber), film));
  const strip = testStrip(run, (index) => {
    ends[next].set({ test: index });
    next = 1 - next;
  });
  root.append(
    h("div", { class: "pair" }, ...ends.map((end) => end.element)),
    h("div", { class: "controls" }, field(t("path.kind"), kind)),
    status.element,
    result,
    strip ? h("p", { class: "soft" }, t("path.pick")) : h("p", { class: "note" }, t("no-test-images")),
    strip ?? "",
  );
  if (strip) attempt(status, () => begin(run, ends, load));
  else status.say(t("path.choose"));
}

/** The two test images of the address, or the first two. */
async function begin(run, ends, load) {
  const most = run.test_images - 1;
  await Promise.all(ends.map((end, i) => end.set({ test: view.integer("ab"[i], Math.min(i, most), 0, most) }, false)));
  await load();
}
