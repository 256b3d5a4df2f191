"use strict";
const page = JSON.parse(document.getElementById("page").textContent);
const [height, width] = page.shape;
const $ = (id) => document.getElementById(id);

const LANGUAGES = { en: "English", es: "Español" };
let language = navigator.language.startsWith("es") ? "es" : "en";
/** An English text in the reader's language, what the page knows in place of its {names}. */
const t = (english) =>
  ((language === "es" && page.spanish[english]) || english).replace(/\{(\w+)\}/g, (_, name) => page[name]);
const other = () => (language === "es" ? "en" : "es");
let shownClass = 0;
const redraw = []; // what each part does when the class or the language changes

/** Draw one image of a sheet over a whole canvas. */
async function cell(canvas, address, columns, index) {
  const image = await picture(address);
  canvas.width = width;
  canvas.height = height;
  const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
  canvas.getContext("2d").drawImage(image, x, y, width, height, 0, 0, width, height);
}

async function whole(canvas, address) {
  const image = await picture(address);
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
}

const pictures = new Map();
function picture(address) {
  if (!pictures.has(address)) {
    const image = new Image();
    image.src = address;
    pictures.set(address, image.decode().then(() => image));
  }
  return pictures.get(address);
}

const signed = (value) => new Intl.NumberFormat(language, {
  minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero",
}).format(value);

function plane({ values, sheets }) {
  const [map, across, up, box] = [$("map"), $("across"), $("up"), document.querySelector(".map i")];
  const side = values.length;
  for (const slider of [across, up]) {
    slider.max = side - 1;
    slider.value = Math.floor(side / 2);
    slider.addEventListener("input", show);
  }
  const point = (event) => {
    const area = map.getBoundingClientRect();
    const at = (share) => Math.min(side - 1, Math.max(0, Math.floor(share * side)));
    across.value = at((event.clientX - area.left) / area.width);
    up.value = side - 1 - at((event.clientY - area.top) / area.height);
    show();
  };
  map.addEventListener("pointermove", point);
  map.addEventListener("pointerdown", point);
  function show() {
    const [x, y] = [+across.value, +up.value];
    for (const [slider, value] of [[across, values[x]], [up, values[y]]]) {
      $(`${slider.id}-value`).value = signed(value);
      slider.setAttribute("aria-valuetext", signed(value));
    }
    Object.assign(box.style, {
      left: `${(100 * x) / side}%`, top: `${(100 * (side - 1 - y)) / side}%`,
      width: `${100 / side}%`, height: `${100 / side}%`,
    });
    cell($("under"), sheets[shownClass], side, (side - 1 - y) * side + x);
  }
  redraw.push(() => { whole(map, sheets[shownClass]); show(); });
}

function traversals({ latents, values, sheets }) {
  const [middle, start] = [Math.floor(values.length / 2), values.length - 3]; // off the middle, where all are alike
  const cards = latents.map(({ z, kl, dead }, row) => {
    const card = document.createElement("div");
    card.className = dead ? "card dead" : "card";
    card.innerHTML = `<canvas role="img" aria-label="z ${z}"></canvas><label for="z${z}"><b>z ${z}</b><span class="soft"></span></label>
      <input id="z${z}" type="range" min="0" max="${values.length - 1}" step="1" value="${start}"><output for="z${z}"></output>`;
    const slider = card.querySelector("input");
    const show = () => {
      const text = kl === null ? "" : `KL ${new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(kl)} nats`;
      card.querySelector("span").textContent = dead ? `${text} · ${t("inactive")}` : text;
      card.querySelector("output").value = signed(values[slider.value]);
      slider.setAttribute("aria-valuetext", signed(values[slider.value]));
      cell(card.querySelector("canvas"), sheets[shownClass], values.length, row * values.length + +slider.value);
    };
    slider.addEventListener("input", show);
    redraw.push(show);
    $("latents").append(card);
    return [slider, show];
  });
  $("reset").addEventListener("click", () => cards.forEach(([slider, show]) => { slider.value = middle; show(); }));
}

function journey({ stops, steps, frames, originals }) {
  const scrub = $("scrub");
  scrub.max = (stops.length - 1) * steps;
  const show = () => {
    const at = Math.min(Math.floor(scrub.value / steps), stops.length - 2);
    const done = (scrub.value - at * steps) / steps;
    cell($("frame"), frames, steps, +scrub.value);
    cell($("from"), originals, stops.length, at);
    cell($("to"), originals, stops.length, at + 1);
    $("from-name").textContent = `${t("Test image")} ${stops[at]}`;
    $("to-name").textContent = `${t("Test image")} ${stops[at + 1]}`;
    const percent = new Intl.NumberFormat(language, { style: "percent" }).format(done);
    $("frame-name").textContent = done === 0 || done === 1 ? t("reconstruction") : `${t("decoded")}, ${percent}`;
    scrub.setAttribute("aria-valuetext", `${stops[at]} → ${stops[at + 1]}: ${percent}`);
  };
  scrub.addEventListener("input", show);
  redraw.push(show);
}

function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = t(element.dataset.label);
  Object.assign($("language"), { textContent: LANGUAGES[other()], lang: other() });
  redraw.forEach((show) => show());
}

if (page.plane) plane(page.plane);
if (page.traversals) traversals(page.traversals);
if (page.journey) journey(page.journey);
redraw.push(() => whole($("samples"), page.samples[shownClass]));
$("language").addEventListener("click", () => { language = other(); translate(); });
if (page.classes.length) {
  $("class").addEventListener("change", (event) => { shownClass = +event.target.value; redraw.forEach((show) => show()); });
}
translate();
