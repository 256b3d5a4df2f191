/** What is shown, kept in the address after the #, so that a view can be shared and reloaded. */

let state = read();
let timer = null;

function read() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

function hash(values) {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return `#${new URLSearchParams(kept).toString().replaceAll("%2C", ",")}`;
}

export const get = (name, otherwise) => state[name] ?? otherwise;

/** A whole number of the address, or `otherwise` where it has none or one outside the bounds. */
export function integer(name, otherwise, least = 0, most = Infinity) {
  const value = Number(state[name] || NaN);
  return Number.isInteger(value) && value >= least && value <= most ? value : otherwise;
}

/** Change the address in place. Late, because browsers refuse hundreds of changes within seconds. */
export function set(changes) {
  state = { ...state, ...changes };
  clearTimeout(timer);
  timer = setTimeout(() => {
    history.replaceState(null, "", hash(state));
    dispatchEvent(new Event("view"));
  }, 200);
}

/** The address of this view with some changes. */
export const link = (changes) => hash({ ...state, ...changes });

/** Go to another view, which the back button can leave. */
export function go(changes) {
  clearTimeout(timer);
  history.replaceState(null, "", hash(state));
  location.hash = link(changes);
}

/** Call back when the reader follows a link or goes back. */
export function onNavigation(callback) {
  addEventListener("hashchange", () => {
    clearTimeout(timer);
    state = read();
    callback();
  });
}

/** The code that the map and the sliders share, or null where the address has none for this run. */
export function code(run) {
  const values = (state.z ?? "").split(",").map(Number);
  return values.length === run.latent_dim && values.every(Number.isFinite) ? values : null;
}

export const codeText = (values) => values.map((value) => Number(value.toFixed(3))).join(",");
