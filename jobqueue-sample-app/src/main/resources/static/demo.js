// The guide's demo: enqueue, work, sweep, watch.

import {$, count, element, form, read} from './page.js';

const REFRESH_MS = 800;
const MOST_ROWS = 200;
const STATUS_MS = 6000;

function showStats(stats) {
  const entries = [
    ['Workers running', count(stats.workers_running)],
    ['Pending depth', count(stats.pending_depth)],
    ['Processing depth', count(stats.processing_depth)],
    ['Enqueued total', count(stats.enqueued_total)],
    ['Completed total', count(stats.completed_total)],
    ['Failed total', count(stats.failed_total)],
    ['Reclaimed total', count(stats.reclaimed_total)],
    ['Worker processed', count(stats.worker_processed_total)],
    ['Visibility timeout', `${count(stats.visibility_ms)} ms`],
    ['Work latency', `${count(stats.work_latency_ms)} ms`],
    ['Failure rate', stats.fail_rate],
    ['Hang rate', stats.hang_rate],
  ];
  $('stats-view').replaceChildren(...entries.map(([label, value]) =>
    element('div', '', element('dt', '', label), element('dd', '', String(value)))));
  $('visibility').textContent = `visibility timeout of ${count(stats.visibility_ms)} ms`;
}

const json = value => typeof value === 'string' ? value : JSON.stringify(value);

function row(job) {
  const top = element('div', 'top',
    element('code', 'id', job.id),
    element('span', `badge ${job.status}`, job.status),
    element('span', 'meta', `attempts: ${job.attempts}`));
  const item = element('li', '', top, element('div', 'meta', json(job.payload)));
  if (job.status !== 'completed' && job.last_error) item.append(element('div', 'meta error', `error: ${job.last_error}`));
  else if (job.result) item.append(element('div', 'meta', `result: ${json(job.result)}`));
  return item;
}

/** The lists as they are on show: one that did not change is left alone, so that what is marked in it stays. */
const shown = {};

function showJobs(name, jobs, depth) {
  $(`${name}-count`).textContent = count(depth);
  const news = JSON.stringify([jobs, depth]);
  if (shown[name] === news) return;
  shown[name] = news;
  const rows = jobs.slice(0, MOST_ROWS).map(row);
  if (rows.length === 0) rows.push(element('li', 'empty', '(empty)'));
  else if (depth > rows.length) rows.push(element('li', 'empty', `and ${count(depth - rows.length)} more`));
  $(`${name}-list`).replaceChildren(...rows);
}

let newest = 0;

/** An answer that was overtaken by a later one is not shown. */
async function refresh() {
  const asked = ++newest;
  try {
    const [jobs, stats, sweep] = await Promise.all([read('jobs'), read('stats'), read('sweep')]);
    if (asked !== newest) return;
    showStats(stats);
    for (const name of ['pending', 'processing', 'completed', 'failed']) {
      showJobs(name, jobs[name], stats[`${name}_depth`]);
    }
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
  refresh();
}

$('enqueue-form').addEventListener('submit', event => {
  event.preventDefault();
  act($('enqueue-button'), 'enqueue', form(new FormData(event.target)), answer => `Enqueued ${jobs(answer.enqueued.length)}.`);
});

$('workers-form').addEventListener('submit', event => {
  event.preventDefault();
  act($('start-button'), 'workers/start', form(new FormData(event.target)),
    stats => stats.workers_running === 0 ? 'No workers are running.' : `Workers running: ${stats.workers_running}.`);
});

$('stop-button').addEventListener('click', event =>
  act(event.target, 'workers/stop', form(), stats =>
    stats.workers_running === 0 ? 'Workers stopped.' : `Workers still ending: ${stats.workers_running}.`));

$('reclaim-button').addEventListener('click', event =>
  act(event.target, 'reclaim', form(), answer => `Reclaimed ${jobs(answer.reclaimed.length)}.`));

$('reset-button').addEventListener('click', event => act(event.target, 'reset', form(), () => 'Queue reset.'));

$('sweep-switch').addEventListener('change', event =>
  act(event.target, 'sweep', form({enabled: event.target.checked}),
    answer => answer.enabled ? 'The queue is swept every second.' : 'The queue is swept by the button only.'));

poll();
