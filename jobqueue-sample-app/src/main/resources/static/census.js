// Shows one census at a time. What comes from the server is only ever set as text, never as markup: names of jars are
// data of whoever made them.

const POLL_MS = 700;
const MOST_ROWS = 1000;

const $ = id => document.getElementById(id);
const count = new Intl.NumberFormat('en');
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

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function tiles(list, entries) {
  list.replaceChildren(...entries.map(([label, value]) => {
    const tile = element('div');
    tile.append(element('dt', '', label), element('dd', '', value));
    return tile;
  }));
}

async function read(url, options) {
  const response = await fetch(url, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(body.error ?? `HTTP ${response.status}`), {answered: true});
  return body;
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
  $('done').textContent = count.format(run.done);
  $('failed').textContent = count.format(run.failed);
  $('failed-count').hidden = run.failed === 0;
  $('expected').textContent = run.expected === null ? '…' : count.format(run.expected);
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
    ['jars', count.format(report.jars)],
    ['files', count.format(report.files)],
    ['classes', count.format(report.classes)],
    ['resources', count.format(report.resources)],
    [`${count.format(report.bytes)} bytes`, size(report.bytes)],
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
    item.append(element('span', '', `Java ${release}`), track, element('span', 'number', count.format(classes)));
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
    bytes.title = `${count.format(report.bytes)} bytes`;
    row.append(
      element('td', '', unit),
      element('td', 'number', count.format(report.files)),
      element('td', 'number wide', count.format(report.classes)),
      bytes,
      element('td', 'number wide', releases(report.java_versions)));
    return row;
  });
  body.prepend(...rows);
  $('outputs-part').hidden = body.rows.length === 0;
  $('outputs-note').textContent =
    done > MOST_ROWS ? `${count.format(body.rows.length)} of ${count.format(done)}` : count.format(done);
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
    ['waiting', count.format(queue.depths.pending)],
    ['running', count.format(queue.depths.processing)],
    ['delayed', count.format(queue.depths.delayed)],
    ['completed, kept', count.format(queue.depths.completed)],
    ['failed, kept', count.format(queue.depths.failed)],
  ]);
  const totals = Object.entries(queue.totals).filter(([name, n]) => n > 0 || name === 'enqueued');
  $('totals').textContent = 'Since the queue was first used: '
    + totals.map(([name, n]) => `${count.format(n)} ${name}`).join(', ');
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
    const started = await read('census', {method: 'POST', body: new URLSearchParams(new FormData(event.target))});
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
