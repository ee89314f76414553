// What both pages use. What comes from the server is only ever set as text, never as markup: others wrote it.

export const $ = id => document.getElementById(id);

const numbers = new Intl.NumberFormat('en');
export const count = n => numbers.format(n);

/** A time as people say it: 0.8 s, 12 s, 3 min, 2 h. */
export function time(ms) {
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  if (ms < 119_500) return `${Math.round(ms / 1000)} s`;
  if (ms < 119.5 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 47.5 * 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}

export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content.filter(part => part !== undefined && part !== null));
  return made;
}

/** Numbers and their names. */
export function figures(list, entries) {
  list.replaceChildren(...entries.map(([label, value]) =>
    element('div', '', element('dt', '', label), element('dd', '', String(value)))));
}

/** Lets a box that scrolls fade out at the end where more is to come; returns what must be called when it changes. */
export function fading(box) {
  const update = () => {
    box.classList.toggle('more-above', box.scrollTop > 4);
    box.classList.toggle('more-below', box.scrollHeight - box.clientHeight - box.scrollTop > 4);
  };
  box.classList.add('fading');
  box.addEventListener('scroll', update, {passive: true});
  addEventListener('resize', update);
  return update;
}

/** Reads JSON. A refusal is an error with the server's reason, marked as answered. */
export async function read(url, options) {
  const response = await fetch(url, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(body.error ?? `HTTP ${response.status}`), {answered: true});
  return body;
}

export const form = fields => ({method: 'POST', body: new URLSearchParams(fields)});
