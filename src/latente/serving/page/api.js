/** The HTTP service, one function for each thing that a panel asks of it. */

/** A request that the service refused, or that did not reach it; `detail` is the service's own sentence. */
export class ServiceError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
    this.detail = detail;
  }
}

async function request(path, { method = "GET", body, signal } = {}) {
  const options = { method, signal };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let response;
  try {
    response = await fetch(`/api/v1/runs${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError(0, "");
  }
  const answer = await response.json().catch(() => undefined);
  if (!response.ok || answer === undefined) throw new ServiceError(response.status, sentence(answer?.detail));
  return answer;
}

const sentence = (detail) => (typeof detail === "string" ? detail : detail ? JSON.stringify(detail) : "");

const path = (run) => `/${encodeURIComponent(run.name)}`;

export const listRuns = (signal) => request("", { signal });

/** The address of a test image. */
export const testImage = (run, index) => `/api/v1/runs${path(run)}/images/${index}`;

/** A PNG of an answer as the source of an <img>. */
export const picture = (png) => `data:image/png;base64,${png}`;

/** What one run can be asked; every request ends when `signal` does. */
export function client(run, signal) {
  const get = (what) => request(path(run) + what, { signal });
  const post = (what, body) => request(`${path(run)}/${what}`, { method: "POST", body, signal });
  return {
    log: () => get("/log"),
    diagnosis: () => get("/diagnosis"),
    diagnose: () => post("diagnosis"),
    map: (latents, n = 2000) => get(`/map?n=${n}${latents ? `&x=${latents[0]}&y=${latents[1]}` : ""}`),
    encode: (body) => post("encode", body),
    decode: (body) => post("decode", body),
    sample: (body) => post("sample", body),
    interpolate: (body) => post("interpolate", body),
    reconstruct: (body) => post("reconstruct", body),
    score: (body) => post("score", body),
    neighbours: (body) => post("neighbours", body),
  };
}
