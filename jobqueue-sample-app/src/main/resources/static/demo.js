// The guide's demo: enqueue, work, sweep, watch.

import {$, count, element, fading, figures, form, read, time} from './page.js';

const REFRESH_MS = 800;
const MOST_ROWS = 200;
const STATUS_MS = 6000;
const SHOWN_OF_ID = 8;

const LISTS = {
  pending: 'No job waits.',
  processing: 'No job is being worked on.',
  completed: 'No job has completed yet.',
  failed: 'No job has failed for good.',
};

// ---- the form of the workers shows what runs, except where somebody has typed something else and not applied it yet

const SETTINGS = {
  'worker-size': ['workers:', stats => stats.workers_running || null],
  'work-latency': ['latency:', stats => stats.work_latency_ms],
  'fail-rate': ['failure rate:', stats => stats.fail_rate],
  'hang-rate': ['hang rate:', stats => stats.hang_rate],
};

const HINT = $('workers-hint').textContent;

const typed = new Set();

for (const id of Object.keys(SETTINGS)) $(id).addEventListener('input', () => typed.add(id));

function showSettings(stats) {
  const different = [];
  for (const [id, [name, running]] of Object.entries(SETTINGS)) {
    const now = running(stats);
    const input = $(id);
    if (now !== null && !typed.has(id)) input.value = now;
    if (now !== null && Number(input.value) !== now) different.push(`${name} ${count(now)}`);
    else if (document.activeElement !== input) typed.delete(id);
  }
  const applied = different.length === 0 || stats.workers_running === 0;
  $('workers-hint').textContent = applied ? HINT : `Not applied yet. Running with ${different.join(', ')}.`;
  $('workers-hint').classList.toggle('unapplied', !applied);
  $('workers-count').textContent = stats.workers_running === 0 ? 'stopped' : `${stats.workers_running} running`;
  $('start-button').textContent = stats.workers_running === 0 ? 'Start' : 'Apply';
  $('stop-button').disabled = stats.workers_running === 0;
}

// ---- the numbers

function showStats(stats) {
  figures($('stats-view'), [
    ['enqueued', count(stats.enqueued_total)],
    ['completed', count(stats.completed_total)],
    ['failed for good', count(stats.failed_total)],
    ['reclaimed by sweeps', count(stats.reclaimed_total)],
    ['done by these workers', count(stats.worker_processed_total)],
  ]);
  $('visibility').textContent = `visibility timeout of ${count(stats.visibility_ms)} ms`;
  const kept = stats.pending_depth + stats.processing_depth + stats.completed_depth + stats.failed_depth;
  $('reset-jobs').textContent = `all ${jobs(kept)}`;
}

function showMail(mail) {
  const [newest] = mail.completed;
  $('mail-counts').textContent = [
    `${count(mail.waiting)} waiting`, `${count(mail.running)} running`, `${count(mail.sent)} sent`,
    `${count(mail.failed)} failed`,
  ].join(', ') + (newest?.result ? `, the newest to ${newest.result.recipient}.` : '.');
}

// ---- the lists

/**
 * JSON that wraps between its members, and there alone: a number stays on the line of its name, a bracket on that of the
 * last member. Line breaks inside of texts are escaped, so those that are there are ours.
 */
const json = value => JSON.stringify(value, null, 1)
  .replace(/\n *(?=[}\]])/g, '\u00a0')
  .replace(/\n */g, ' ')
  .replace(/": (?=[^"{[])/g, '":\u00a0');

/** The guide's workers echo the payload, which stands one line above. */
function resultText(job) {
  const echoes = JSON.stringify(job.result.echo) === JSON.stringify(job.payload);
  return json(echoes ? {...job.result, echo: '…'} : job.result).replace('"…"', '…');
}

function idButton(id) {
  const button = element('button', 'id', id.length > SHOWN_OF_ID + 2 ? `…${id.slice(-SHOWN_OF_ID)}` : id);
  button.type = 'button';
  button.title = `${id}\nClick to copy`;
  button.setAttribute('aria-label', `Copy the id ${id}`);
  button.addEventListener('click', () => copy(id, button));
  return button;
}

async function copy(id, button) {
  try {
    await navigator.clipboard.writeText(id);
    setStatus(`Copied ${id}`, 'ok');
  } catch {
    // browsers give the clipboard to safe origins only: the whole id is there, marked, to be copied by hand
    const whole = element('span', 'id', id);
    button.replaceWith(whole);
    getSelection().selectAllChildren(whole);
    setStatus('The browser keeps the clipboard from this page. The whole id is marked, to be copied by hand.', 'ok');
  }
}

function row(job, list) {
  const {kind, ...payload} = job.payload;
  const item = element('li', '',
    element('div', 'top',
      element('span', 'kind', String(kind ?? 'job')),
      job.status === list ? null : element('span', `badge ${job.status}`, job.status),
      job.attempts > 1 || list === 'failed' ? element('span', 'attempts', `attempt ${job.attempts}`) : null,
      idButton(job.id)),
    element('div', 'payload', json(payload)));
  const lease = element('div');
  if (job.lease_age_ms !== null) item.append(lease);
  if (job.last_error && list !== 'completed') {
    item.append(list === 'failed'
      ? element('div', 'error', `error: ${job.last_error}`)
      : element('div', '', `last error: ${job.last_error}`));
  }
  if (job.result) {
    const result = element('div', '', `→ ${resultText(job)}`);
    result.title = json(job.result);
    item.append(result);
  }
  return {item, lease};
}

/** The age of a lease changes all the time; the row stays the same. */
function showLease(lease, job) {
  if (job.lease_age_ms === null) return;
  const expired = job.lease_left_ms <= 0;
  lease.textContent = expired
    ? `lease expired ${time(-job.lease_left_ms)} ago`
    : `lease ${time(job.lease_age_ms)} old`;
  lease.className = expired ? 'expired' : '';
}

/** The rows on show by job, each with the text that it was made of. A row that did not change stays as it is. */
const shown = Object.fromEntries(Object.keys(LISTS).map(name => [name, new Map()]));
const fade = Object.fromEntries(Object.keys(LISTS).map(name => [name, fading($(`${name}-list`))]));

function showJobs(name, found, depth) {
  $(`${name}-count`).textContent = count(depth);
  const rows = new Map();
  for (const job of found.slice(0, MOST_ROWS)) {
    const text = JSON.stringify({...job, lease_age_ms: job.lease_age_ms === null, lease_left_ms: null});
    const known = shown[name].get(job.id);
    const made = known?.text === text ? known : {text, ...row(job, name)};
    showLease(made.lease, job);
    rows.set(job.id, made);
  }
  shown[name] = rows;
  const items = Array.from(rows.values(), made => made.item);
  if (items.length === 0) items.push(element('li', 'empty', LISTS[name]));
  else if (depth > items.length) items.push(element('li', 'empty', `and ${count(depth - items.length)} more`));
  put($(`${name}-list`), items);
  fade[name]();
}

/** Makes these the children, without touching those that are where they belong. */
function put(list, items) {
  const wanted = new Set(items);
  for (const child of Array.from(list.children)) if (!wanted.has(child)) child.remove();
  items.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
}

// ---- watch

let newest = 0;

/** An answer that was overtaken by a later one is not shown. */
async function refresh() {
  const asked = ++newest;
  try {
    const [found, stats, sweep, mail] = await Promise.all(['jobs', 'stats', 'sweep', 'mail'].map(path => read(path)));
    if (asked !== newest) return;
    showSettings(stats);
    showStats(stats);
    for (const name of Object.keys(LISTS)) showJobs(name, found[name], stats[`${name}_depth`]);
    showMail(mail);
    const expired = found.processing.filter(job => job.lease_left_ms !== null && job.lease_left_ms <= 0).length;
    $('expired-count').textContent = expired === 0 ? '' : `${count(expired)} expired`;
    $('sweep-switch').checked = sweep.enabled;
    $('sweep-switch').disabled = !sweep.switchable;
    $('away').hidden = true;
  } catch (failure) {
    $('away').textContent = `${failure.answered ? failure.message : 'The application does not answer'}. Trying again…`;
    $('away').hidden = false;
  }
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, REFRESH_MS);
}

// ---- act

let clearing;

function setStatus(message, kind) {
  $('status').textContent = message;
  $('status').className = kind;
  clearTimeout(clearing);
  clearing = setTimeout(() => $('status').replaceChildren(), STATUS_MS);
}

const jobs = n => n === 1 ? '1 job' : `${count(n)} jobs`;

/** Asks the server for something; `done` says what came of it. */
async function act(control, url, options, done) {
  control.disabled = true;
  try {
    setStatus(done(await read(url, options)), 'ok');
  } catch (failure) {
    setStatus(failure.answered ? failure.message : 'The application does not answer.', 'error');
  } finally {
    control.disabled = false;
  }
  await refresh();
}

$('job-worker').addEventListener('change', event => {
  const handled = event.target.value === 'handler';
  if (handled) $('job-kind').value = 'email';
  $('job-kind').disabled = handled;
});

$('enqueue-form').addEventListener('submit', event => {
  event.preventDefault();
  const handled = $('job-worker').value === 'handler';
  act($('enqueue-button'), handled ? 'mail' : 'enqueue', form(new FormData(event.target)), answer => handled
    ? `Enqueued ${jobs(answer.enqueued.length)} on the queue mail; the handler takes them at once.`
    : `Enqueued ${jobs(answer.enqueued.length)}.`);
});

$('workers-form').addEventListener('submit', event => {
  event.preventDefault();
  act($('start-button'), 'workers/start', form(new FormData(event.target)), stats => {
    typed.clear();
    return stats.workers_running === 0 ? 'No workers are running.' : `Workers running: ${stats.workers_running}.`;
  });
});

$('stop-button').addEventListener('click', event =>
  act(event.target, 'workers/stop', form(), stats =>
    stats.workers_running === 0 ? 'Workers stopped.' : `Workers still ending: ${stats.workers_running}.`));

$('reclaim-button').addEventListener('click', event =>
  act(event.target, 'reclaim', form(), answer => answer.reclaimed.length === 0
    ? 'No lease has expired.' : `Took ${jobs(answer.reclaimed.length)} back into the queue.`));

$('sweep-switch').addEventListener('change', event =>
  act(event.target, 'sweep', form({enabled: event.target.checked}),
    answer => answer.enabled ? 'The queue is swept every second.' : 'The queue is swept by the button only.'));

$('reset-button').addEventListener('click', () => {
  $('reset-dialog').returnValue = 'keep';
  $('reset-dialog').showModal();
});

$('reset-dialog').addEventListener('close', event => {
  if (event.target.returnValue === 'reset') act($('reset-button'), 'reset', form(), () => 'Queue reset.');
});

// ---- follow a long job

let followed;

function showNewsletter({status, done, total, note, log}) {
  $('newsletter-bar').hidden = false;
  $('newsletter-bar').max = Math.max(1, total);
  $('newsletter-bar').value = done;
  const ended = status === 'completed' || status === 'failed';
  $('newsletter-note').textContent = ended ? `${status}: ${log.at(-1) ?? note}` : `${count(done)} of ${count(total)}, ${note || status}`;
  if (ended) followed.close();
}

$('newsletter-button').addEventListener('click', event =>
  act(event.target, 'newsletter', form(), ({id}) => {
    followed?.close();
    followed = new EventSource(`newsletter/${encodeURIComponent(id)}/events`);
    followed.addEventListener('message', ({data}) => showNewsletter(JSON.parse(data)));
    return 'Enqueued a newsletter on the queue mail.';
  }));

poll();
