// Shows one census at a time, beside the recent ones.

import {$, count, element, fading, figures, form, read, time} from './page.js';

const POLL_MS = 700;
const MOST_ROWS = 1000;
const FAILURES_A_PAGE = 100;
const MOST_BARS = 6;
const SMALLEST_BAR = 0.01;
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

function size(bytes) {
  let power = 0;
  let value = bytes;
  while (value >= 1000 && power < UNITS.length - 1) {
    value /= 1000;
    power++;
  }
  return `${power === 0 ? value : value.toPrecision(3)} ${UNITS[power]}`;
}

// ---- the run on show: a new object for each, so that answers for an earlier one are recognised

let shown = null;

const fadeOutputs = fading($('outputs-box'));

function show(runId) {
  shown = {id: runId, ended: false, outputs: -1, failures: 0};
  history.replaceState(null, '', '#run=' + encodeURIComponent(runId));
  refuse('');
  $('run-name').textContent = runId;
  $('state').textContent = '';
  for (const id of ['report', 'failures-part', 'outputs-part', 'nothing']) $(id).hidden = true;
  $('outputs').replaceChildren();
  $('progress').replaceChildren();
  $('bar-done').style.width = $('bar-failed').style.width = '0';
  $('run').hidden = false;
}

function hide() {
  shown = null;
  history.replaceState(null, '', location.pathname);
  for (const id of ['run', 'report', 'failures-part', 'outputs-part']) $(id).hidden = true;
  $('nothing').hidden = false;
}

const speed = run => run.duration_ms < 1 ? '–' : count(Number(((run.done + run.failed) * 1000 / run.duration_ms).toPrecision(3)));

function showProgress(run) {
  $('state').textContent = run.state;
  const expected = run.expected ?? 0;
  const share = n => expected === 0 ? '0' : `${100 * n / expected}%`;
  $('bar-done').style.width = expected === 0 && run.state === 'completed' ? '100%' : share(run.done);
  $('bar-failed').style.width = share(run.failed);
  $('bar').setAttribute('aria-valuemax', expected);
  $('bar').setAttribute('aria-valuenow', run.done + run.failed);
  figures($('progress'), [
    [`of ${run.expected === null ? '…' : count(run.expected)} jars done`, count(run.done)],
    ['failed', count(run.failed)],
    [run.state === 'running' ? 'so far' : 'from start to end', time(run.duration_ms)],
    ['jars per second', speed(run)],
  ]);
}

// ---- failures, page by page

function failureRow(failure) {
  return element('li', '', element('b', '', failure.unit), element('span', 'bad', failure.reason));
}

function showFailures(run, state) {
  // pages that were asked for stay
  if (run.failures <= FAILURES_A_PAGE) {
    run.failures = state.failures.length;
    $('failures').replaceChildren(...state.failures.map(failureRow));
  }
  run.failed = state.failed;
  noteFailures(run);
}

function noteFailures(run) {
  const rest = run.failed - run.failures;
  $('failures-part').hidden = run.failed === 0;
  $('failures-note').textContent = rest > 0 ? `${count(run.failures)} of ${count(run.failed)}` : count(run.failed);
  $('more-failures').hidden = !run.ended || rest <= 0;
  $('more-failures').textContent = `Show ${count(Math.min(rest, FAILURES_A_PAGE))} more`;
}

$('more-failures').addEventListener('click', async event => {
  const run = shown;
  event.target.disabled = true;
  try {
    const page = `?failures_offset=${run.failures}&failures_limit=${FAILURES_A_PAGE}`;
    const {failures} = await read('census/' + encodeURIComponent(run.id) + page);
    if (run !== shown) return;
    run.failures += failures.length;
    $('failures').append(...failures.map(failureRow));
    noteFailures(run);
  } catch (failure) {
    refuse(failure.answered ? failure.message : 'The application does not answer.');
  } finally {
    event.target.disabled = false;
  }
});

// ---- the report

function bars(entries, most) {
  return entries.map(([release, classes]) => {
    const share = element('span', 'share');
    share.style.width = `${Math.max(.4, 100 * classes / most)}%`;
    return element('li', '',
      element('span', '', `Java ${release}`), element('span', 'track', share), element('span', 'number', count(classes)));
  });
}

/** The largest first; what is hardly to be seen is folded away. */
function showVersions(versions) {
  const sorted = Object.entries(versions).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const total = sorted.reduce((sum, [, classes]) => sum + classes, 0);
  const most = sorted.length === 0 ? 1 : sorted[0][1];
  let large = sorted.filter(([, classes], place) => place < MOST_BARS && classes >= total * SMALLEST_BAR).length;
  if (sorted.length - large === 1) large++;
  const rare = sorted.slice(large);
  $('versions-part').hidden = sorted.length === 0;
  $('versions').replaceChildren(...bars(sorted.slice(0, large), most));
  $('rare-part').hidden = rare.length === 0;
  $('rare-summary').textContent =
    `${rare.length} other releases with ${count(rare.reduce((sum, [, classes]) => sum + classes, 0))} classes`;
  $('rare').replaceChildren(...bars(rare, most));
}

function showReport(report) {
  $('report').hidden = false;
  figures($('sums'), [
    ['jars', count(report.jars)],
    ['files', count(report.files)],
    ['classes', count(report.classes)],
    ['resources', count(report.resources)],
    [`${count(report.bytes)} bytes`, size(report.bytes)],
  ]);
  $('largest').hidden = report.largest === null;
  if (report.largest) {
    $('largest-name').textContent = report.largest.name;
    $('largest-bytes').textContent = size(report.largest.bytes);
    $('largest-jar').textContent = report.largest.jar;
  }
  showVersions(report.java_versions);
  $('duplicates-part').hidden = report.duplicates.length === 0;
  $('duplicates').replaceChildren(...report.duplicates.map(group =>
    element('li', '', ...group.map(unit => element('span', '', unit)))));
}

// ---- outputs as they arrive

function releases(versions) {
  const numbers = Object.keys(versions).map(Number);
  if (numbers.length === 0) return '–';
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low === high ? `${low}` : `${low}–${high}`;
}

/** New outputs come on top; those that are there stay where they are. */
function showOutputs(outputs, done) {
  const body = $('outputs');
  const there = new Set(Array.from(body.rows, row => row.dataset.unit));
  const rows = outputs.filter(output => !there.has(output.unit)).map(({unit, report}) => {
    const bytes = element('td', 'number', size(report.bytes));
    bytes.title = `${count(report.bytes)} bytes`;
    const row = element('tr', '',
      element('td', '', unit),
      element('td', 'number', count(report.files)),
      element('td', 'number wide', count(report.classes)),
      bytes,
      element('td', 'number wide', releases(report.java_versions)));
    row.dataset.unit = unit;
    return row;
  });
  body.prepend(...rows);
  $('outputs-part').hidden = body.rows.length === 0;
  $('outputs-note').textContent =
    done > body.rows.length ? `${count(body.rows.length)} of ${count(done)}` : count(done);
  fadeOutputs();
}

async function pollRun() {
  const run = shown;
  if (run === null || run.ended) return;
  const path = 'census/' + encodeURIComponent(run.id);
  try {
    const state = await read(path);
    const news = state.done !== run.outputs && (run.outputs < MOST_ROWS || state.report);
    const outputs = news ? (await read(path + '/outputs')).outputs : [];
    if (run !== shown) return;
    run.outputs = state.done;
    run.ended = state.state !== 'running';
    showProgress(state);
    showFailures(run, state);
    showOutputs(outputs, state.done);
    if (state.report) showReport(state.report);
  } catch (failure) {
    if (!failure.answered) throw failure;
    if (run !== shown) return;
    // unknown, or gone after its time: nothing will come any more
    hide();
    refuse(failure.message);
  }
}

// ---- the recent runs and the queue

function recentRow(run, now) {
  const link = element('a', '', run.run_id);
  link.href = '#run=' + encodeURIComponent(run.run_id);
  if (shown?.id === run.run_id) link.setAttribute('aria-current', 'true');
  const ended = run.state === 'running'
    ? `${count(run.done + run.failed)} of ${run.expected === null ? '…' : count(run.expected)} jars`
    : `${count(run.done)} jars in ${time(run.duration_ms)}`;
  const words = [run.state === 'completed' ? ended : `${run.state}, ${ended}`];
  if (run.failed > 0) words.push(`${count(run.failed)} failed`);
  words.push(`started ${time(now - Date.parse(run.started_at))} ago`);
  return element('li', '', link, element('span', '', words.join(', ')));
}

let recent = '';

async function pollRecent() {
  const {runs} = await read('census');
  const rows = runs.map(run => recentRow(run, Date.now()));
  if (rows.length === 0) rows.push(element('li', 'quiet', 'None yet.'));
  // links that did not change stay, so that they keep the focus
  const text = rows.map(row => row.textContent).join('\n') + shown?.id;
  if (text !== recent) $('recent').replaceChildren(...rows);
  recent = text;
}

const TOTALS = {
  enqueued: 'enqueued',
  completed: 'completed',
  failed: 'failed for good',
  retried: 'tried again',
  released: 'handed back',
  reclaimed: 'taken back from silent workers',
  lost: 'lost',
};

async function pollQueue() {
  const [queue] = await read('queues');
  $('queue-name').textContent = queue.name;
  figures($('depths'), [
    ['waiting', count(queue.depths.pending)],
    ['being worked on', count(queue.depths.processing)],
    ['waiting for their time', count(queue.depths.delayed)],
    ['in the list of completed jobs', count(queue.depths.completed)],
    ['in the list of failed jobs', count(queue.depths.failed)],
  ]);
  const totals = Object.entries(queue.totals).filter(([name, n]) => n > 0 || name === 'enqueued');
  $('totals').textContent = 'Jobs since the queue was first used: '
    + totals.map(([name, n]) => `${count(n)} ${TOTALS[name] ?? name}`).join(', ') + '.';
}

async function poll() {
  if (!document.hidden) {
    try {
      await Promise.all([pollRun(), pollRecent(), pollQueue()]);
      $('away').hidden = true;
    } catch (failure) {
      $('away').hidden = false;
    }
  }
  setTimeout(poll, POLL_MS);
}

function refuse(reason) {
  $('refused').textContent = reason;
  $('refused').hidden = reason === '';
}

$('start').addEventListener('submit', async event => {
  event.preventDefault();
  const button = event.target.querySelector('button');
  button.disabled = true;
  refuse('');
  try {
    const started = await read('census', form(new FormData(event.target)));
    show(started.run_id);
    await pollRun();
  } catch (failure) {
    refuse(failure.answered ? failure.message : 'The application does not answer.');
  } finally {
    button.disabled = false;
  }
});

function showAsked() {
  const asked = new URLSearchParams(location.hash.slice(1)).get('run');
  if (asked) show(asked);
}

addEventListener('hashchange', () => {
  showAsked();
  pollRun().catch(() => {});
});
showAsked();
poll();
