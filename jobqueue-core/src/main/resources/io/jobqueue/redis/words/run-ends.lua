-- The only code that ends a run.
-- needs: words/runs words/totals words/publish doors/create doors/join

local touched = {} -- ids of the runs that this script changed and that may be complete now

-- Publishes a state of a run.
local function tell(run, status)
  publish(LIFECYCLE, '{"run":' .. cjson.encode(run) .. ',"status":"' .. status .. '"}')
end

-- The time until which something that ends now is kept.
local function retention_from_now(id)
  return now + number(call('HGET', RUN .. id, 'retention_ms'), 7 * 24 * 3600 * 1000)
end

-- From now on a run is kept for its retention.
local function retire(run)
  run.expires = retention_from_now(run.id)
  call('HSET', RUN .. run.id, 'expires_at_ms', text(run.expires))
  expire(run, keys_of(run.id))
  call('ZADD', AGENDA, text(run.expires), run.id)
end

-- Writes the job of a unit or a gather job; the caller adds it to a list. `fields` holds pairs of further fields.
local function create_for_run(id, kind, payload, max_attempts, headers, fields)
  if max_attempts and max_attempts ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'max_attempts', max_attempts
  end
  if headers and headers ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'headers', headers
  end
  create(id, kind, payload, now, fields)
end

-- Ends a live run: sets its state, enqueues its gather job, and publishes a message. The outputs for a gather job are
-- kept without a time limit until that job has ended.
local function end_run(run, state)
  local id = run.id
  local f = call('HMGET', RUN .. id, 'gather_kind', 'gather_payload', 'gather_max_attempts', 'gather_headers')
  run.state = state
  call('HSET', RUN .. id, 'state', state, 'ended_at_ms', NOW, 'touched_at_ms', NOW)
  if state == 'completed' and f[1] and run.gather then
    if try('EXISTS', JOB .. run.gather) == 0 then
      create_for_run(run.gather, f[1], f[2] or '{}', f[3], f[4], { 'gathers', id, 'more', '1' })
      join(run.gather, now)
      let_in()
      count('enqueued_total', 1)
      run.enqueued = f[1]
    end
    call('HSET', RUN .. id, 'gather_state', 'waiting')
    call('ZADD', AGENDA, text(now + LOOK), id)
  else
    retire(run)
  end
  if state == 'cancelled' then
    call('ZADD', AGENDA, NOW, id)
  end
  tell(id, state)
end

-- Adds the report of a run that ended: its id, its state, and the id and kind of the gather job that this script
-- enqueued, '' and '' for none.
local function report_end(run, ended_runs)
  for _, word in ipairs({ run.id, run.state, run.enqueued and run.gather or '', run.enqueued or '' }) do
    ended_runs[#ended_runs + 1] = word
  end
end

-- A unit of a started run has ended. Units that end after their run are noted as late.
local function note(run, unit)
  if has_ended(run) then
    if run.state ~= 'cancelled' then
      call('HSET', LATE .. run.id, unit, NOW)
    end
    expire(run, { OUTPUTS .. run.id, FAILURES .. run.id, LATE .. run.id })
  else
    touched[run.id] = true
  end
end

-- Ends a sealed run whose last unit has ended, or enough of its units; reports it in `ended_runs`.
local function end_if_complete(run, ended_runs)
  if run.state ~= 'sealed' then
    return
  end
  local id = run.id
  local units, done, failed = call('HLEN', UNITS .. id), call('HLEN', OUTPUTS .. id), call('HLEN', FAILURES .. id)
  if run.share and done * 10000 >= units * run.share or not run.share and done + failed == units then
    end_run(run, 'completed')
  elseif done + failed == units then
    end_run(run, 'failed')
  else
    return
  end
  report_end(run, ended_runs)
end

-- Ends the touched runs that are complete. A script that ends units calls it once, at its end.
-- Returns { run id, state, gather job, its kind, … } of the runs that ended, see `report_end`.
local function end_runs()
  local ended_runs = {}
  for id in pairs(touched) do
    local run = known[id]
    if not has_ended(run) then
      call('HSET', RUN .. id, 'touched_at_ms', NOW)
      end_if_complete(run, ended_runs)
    end
  end
  return ended_runs
end

-- The gather job of a run has ended: the run is kept for its retention from now on. The gather job of an earlier round
-- changes nothing.
local function end_gather(id, job, outcome, words)
  local run = id and id ~= '' and run_of(id)
  if run and not run.spoilt and run.gather == job and has_ended(run) then
    call('HSET', RUN .. id, 'gather_state', outcome, outcome == 'completed' and 'result' or 'gather_error', words)
    retire(run)
    tell(id, outcome == 'completed' and 'gathered' or 'gather-failed')
  end
end
