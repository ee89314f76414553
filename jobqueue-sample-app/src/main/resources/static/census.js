// Shows one census at a time.

import {$, count, element, form, read, tiles} from './page.js';

const POLL_MS = 700;
const MOST_ROWS = 1000;
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

/** The run on show: a new object for each, so that answers for an earlier one are recognised. */
let shown = null;

function show(runId) {
  shown = {id: runId, ended: false, outputs: -1};
  history.replaceState(null, '', '#run=' + encodeURIComponent(runId));
  refuse('');
  $('run-name').textContent = runId;
  $('state').textContent = '';
  for (const id of ['report', 'failures-part', 'outputs-part']) $(id).hidden = true;
  $('outputs').replaceChildren();
  $('bar-done').style.width = $('bar-failed').style.width = '0';
  $('run').hidden = false;
}

function showProgress(run) {
  $('state').textContent = run.state;
  $('state').className = 'chip ' + (run.state === 'completed' ? 'completed' : '');
  const expected = run.expected ?? 0;
  const share = n => expected === 0 ? '0' : `${100 * n / expected}%`;
  $('bar-done').style.width = expected === 0 && run.state === 'completed' ? '100%' : share(run.done);
  $('bar-failed').style.width = share(run.failed);
  $('bar').setAttribute('aria-valuemax', expected);
  $('bar').setAttribute('aria-valuenow', run.done + run.failed);
  $('done').textContent = count(run.done);
  $('failed').textContent = count(run.failed);
  $('failed-count').hidden = run.failed === 0;
  $('expected').textContent = run.expected === null ? '…' : count(run.expected);
}

function showFailures(failures) {
  $('failures-part').hidden = failures.length === 0;
  $('failures').replaceChildren(...failures.map(failure => {
    const item = element('li');
    item.append(element('b', '', failure.unit), element('span', '', failure.reason));
    return item;
  }));
}

function showReport(report) {
  $('report').hidden = false;
  tiles($('sums'), [
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
  const versions = Object.entries(report.java_versions).sort((a, b) => a[0] - b[0]);
  const most = Math.max(1, ...versions.map(([, classes]) => classes));
  $('versions-part').hidden = versions.length === 0;
  $('versions').replaceChildren(...versions.map(([release, classes]) => {
    const item = element('li');
    const track = element('span', 'track');
    const share = element('span', 'share');
    share.style.width = `${Math.max(1, 100 * classes / most)}%`;
    track.append(share);
    item.append(element('span', '', `Java ${release}`), track, element('span', 'number', count(classes)));
    return item;
  }));
  $('duplicates-part').hidden = report.duplicates.length === 0;
  $('duplicates').replaceChildren(...report.duplicates.map(group => {
    const item = element('li');
    item.append(...group.map(unit => element('span', '', unit)));
    return item;
  }));
}

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
    const row = element('tr');
    row.dataset.unit = unit;
    const bytes = element('td', 'number', size(report.bytes));
    bytes.title = `${count(report.bytes)} bytes`;
    row.append(
      element('td', '', unit),
      element('td', 'number', count(report.files)),
      element('td', 'number wide', count(report.classes)),
      bytes,
      element('td', 'number wide', releases(report.java_versions)));
    return row;
  });
  body.prepend(...rows);
  $('outputs-part').hidden = body.rows.length === 0;
  $('outputs-note').textContent =
    done > MOST_ROWS ? `${count(body.rows.length)} of ${count(done)}` : count(done);
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
    run.ended = state.state === 'completed';
    showProgress(state);
    showFailures(state.failures);
    showOutputs(outputs, state.done);
    if (state.report) showReport(state.report);
  } catch (failure) {
    if (!failure.answered) throw failure;
    if (run !== shown) return;
    // unknown, or gone after its time: nothing will come any more
    run.ended = true;
    shown = null;
    $('run').hidden = true;
    history.replaceState(null, '', location.pathname);
    refuse(failure.message);
  }
}

async function pollQueue() {
  const [queue] = await read('queues');
  $('queue-name').textContent = queue.name;
  tiles($('depths'), [
    ['waiting', count(queue.depths.pending)],
    ['running', count(queue.depths.processing)],
    ['delayed', count(queue.depths.delayed)],
    ['completed, kept', count(queue.depths.completed)],
    ['failed, kept', count(queue.depths.failed)],
  ]);
  const totals = Object.entries(queue.totals).filter(([name, n]) => n > 0 || name === 'enqueued');
  $('totals').textContent = 'Since the queue was first used: '
    + totals.map(([name, n]) => `${count(n)} ${name}`).join(', ');
}

async function poll() {
  if (!document.hidden) {
    try {
      await Promise.all([pollRun(), pollQueue()]);
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

addEventListener('hashchange', showAsked);
showAsked();
poll();
