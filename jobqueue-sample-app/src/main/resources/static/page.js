// What both pages use. What comes from the server is only ever set as text, never as markup: it is data of whoever made
// it.

export const $ = id => document.getElementById(id);

const numbers = new Intl.NumberFormat('en');
export const count = n => numbers.format(n);

export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content.filter(part => part !== undefined && part !== null));
  return made;
}

export function tiles(list, entries) {
  list.replaceChildren(...entries.map(([label, value]) => {
    const tile = element('div');
    tile.append(element('dt', '', label), element('dd', '', value));
    return tile;
  }));
}

/** Reads JSON. A refusal is an error with the server's reason, marked as answered. */
export async function read(url, options) {
  const response = await fetch(url, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(body.error ?? `HTTP ${response.status}`), {answered: true});
  return body;
}

export const form = fields => ({method: 'POST', body: new URLSearchParams(fields)});
