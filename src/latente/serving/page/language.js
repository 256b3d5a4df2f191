/** Texts and numbers in the reader's language; in the code texts are English, and the service translates them. */

export const LANGUAGES = { en: "English", es: "Español" };
const KEPT = "latente.language";
const TEXTS = { en: {}, es: null };

let language = initial();
await read(language);

/** The texts of a language, where it has not been read; without them the page is in English, rather than not there. */
async function read(tag) {
  try {
    TEXTS[tag] ??= await (await fetch(`/texts/${tag}`)).json();
  } catch {
    TEXTS[tag] = {};
  }
}

function initial() {
  const asked = [localStorage.getItem(KEPT), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return asked.find((tag) => tag in TEXTS) ?? "en";
}

export const current = () => language;

export async function choose(tag) {
  await read(tag); // before it is spoken: what is drawn meanwhile is in the language of before
  language = tag;
  localStorage.setItem(KEPT, tag);
}

/** An English text for later: it marks what `t` is given by a name. */
export const text = (english) => english;

/** An English text in the reader's language, its {names} replaced; numbers are written as the language writes them. */
export function t(english, values = {}) {
  return (TEXTS[language][english] ?? english).replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value);
  });
}

/** A number with at most so many decimals; null is a dash. */
export function number(value, decimals = 2) {
  if (value === null || value === undefined) return "–";
  const options = { maximumFractionDigits: decimals, minimumFractionDigits: Number.isInteger(value) ? 0 : decimals };
  return typographic(new Intl.NumberFormat(language, options).format(value));
}

/** A number with all its decimals, so that a column of them keeps still. */
export function fixed(value, decimals = 2) {
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return typographic(new Intl.NumberFormat(language, options).format(value));
}

const typographic = (written) => written.replace("-", "−");

/** A length of time, in the unit that suits it. */
export function duration(seconds) {
  const [value, unit] =
    seconds < 120 ? [seconds, "second"] : seconds < 7200 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 0 }).format(value);
}
