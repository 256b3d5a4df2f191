/** One slider for each latent, most informative first, and the decoder's image of where they stand. */

import { client, picture } from "./api.js";
import { classField, labels } from "./classes.js";
import { attempt, button, figure, h, latest, statusLine } from "./dom.js";
import { fixed, t, text } from "./language.js";
import { asImage, imagePicker } from "./picker.js";
import * as view from "./view.js";

const FIRST = 16; // latents that are shown before "show all"
const REACH = 4; // standard deviations of N(0, 1) that a slider covers, more where the code lies farther out

export const title = text("Sliders");
export const lead = text("One slider for each latent, ordered by the KL it carries. Moving one shows what it stands for.");

export function mount(root, { run, signal }) {
  const api = client(run, signal);
  const status = statusLine();
  const decoded = figure(t("Decoded from the sliders"), { id: "decoded" });
  const decode = latest(async (code) => {
    const { images } = await api.decode({ codes: [code], labels: labels(run) });
    decoded.image.src = picture(images[0]);
    decoded.image.alt = t("Decoded from the sliders");
  }, status);
  const moved = () => {
    view.set({ z: view.codeText(list.code()) });
    decode(list.code());
  };
  const jump = (code) => {
    list.show(code);
    moved();
  };
  const random = () =>
    attempt(status, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      jump((await api.sample({ n: 1, seed, labels: labels(run) })).codes[0]);
    });
  const fromImage = () =>
    attempt(status, async () => {
      const { codes } = await api.encode({ images: [asImage(picker.value())], labels: picker.labels() });
      view.set({ class: picker.labels() });
      if (classes) classes.querySelector("select").value = picker.labels();
      jump(codes[0]);
    });
  const list = latentList(run, moved);
  const classes = classField(run, moved);
  const picker = imagePicker({ run, title: t("Start from an image"), changed: fromImage });
  const buttons = [
    button(t("All to 0"), () => jump(list.code().map(() => 0))),
    button(t("Draw from the prior"), random),
  ];
  const side = h(
    "div",
    { class: "side" },
    decoded.element,
    h("div", { class: "controls" }, classes, ...buttons),
    status.element,
  );
  root.append(h("div", { class: "split" }, h("div", { class: "side" }, side, picker.element), list.element));
  list.show(view.code(run) ?? Array(run.latent_dim).fill(0));
  decode(list.code());
}

/** The sliders of a run, the first of them until the reader asks for all; `moved` is called when one was moved. */
function latentList(run, moved) {
  const element = h("div", { class: "latents" });
  const most = run.latents[0]?.kl || 1;
  let code = [];
  let shown = Math.min(FIRST, run.latents.length);
  const showAll = () => {
    shown = run.latents.length;
    show(code);
    element.children[FIRST].querySelector("input").focus();
  };
  const show = (to) => {
    code = [...to];
    const reach = Math.max(REACH, ...code.map((value) => Math.ceil(Math.abs(value))));
    const rows = run.latents.slice(0, shown).map((latent) => row(latent, code, reach, most, moved));
    const more = shown < run.latents.length ? [button(t("Show all {n} latents", { n: run.latents.length }), showAll)] : [];
    element.replaceChildren(...rows, ...more);
  };
  return { element, show, code: () => [...code] };
}

/** A latent's name, slider, value, and the nats it carries. */
function row({ index, kl, dead }, code, reach, most, moved) {
  const name = `z ${index}`;
  const value = h("span", { class: "value", "aria-hidden": "true" }, fixed(code[index]));
  const oninput = (event) => {
    code[index] = Number(event.target.value);
    value.textContent = fixed(code[index]);
    moved();
  };
  const share = h("span", { class: "share", "aria-hidden": "true", style: `width: ${(100 * (kl ?? 0)) / most}%` });
  const nats = kl === null ? "–" : fixed(kl);
  const carried = dead ? t("dead, {kl} nats", { kl: nats }) : t("{value} nats", { value: nats });
  const slider = {
    type: "range",
    min: -reach,
    max: reach,
    step: 0.01,
    value: code[index],
    "aria-label": `${name}, ${carried}`,
    oninput,
  };
  return h(
    "div",
    { class: dead ? "latent dead" : "latent" },
    h("span", { class: "name" }, name),
    h("input", slider),
    value,
    h("span", { class: "kl" }, carried, share),
  );
}
