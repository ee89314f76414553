-- Shared by the scripts with which a unit can end: what a started run is, and the one way in which it ends.
--
-- A started run is a hash with a `state`: open (units may be added), sealed (all are known), and then completed, failed
-- or cancelled. Its units are the fields of UNITS; each of them ends as a field of OUTPUTS or of FAILURES, never of both,
-- and nothing else is in there. So its end is a matter of three lengths, and no repeat can count twice.

local LIFECYCLE, RUNS, AGENDA, RUN = ROOT .. 'lifecycle', ROOT .. 'runs', ROOT .. 'agenda', ROOT .. 'run:'
local UNITS, OUTPUTS, FAILURES = ROOT .. 'units:', ROOT .. 'outputs:', ROOT .. 'failures:'
local EARLY, LATE = ROOT .. 'early:', ROOT .. 'late:'
local BESIDE = { FAILURES, EARLY } -- a unit with an output is in neither
local LOOK = 60000 -- ms between two looks of the sweep at a run
local SPARE = 24 * 3600 * 1000 -- ms that the keys of a run wait for a sweep to forget it
local CANCELLED, SUPERSEDED = 'cancelled: its run was cancelled', 'cancelled: its run was opened anew'

local known, touched = {}, {}

-- A started run, read once a script; nil when nobody started it.
local function run_of(id)
  if known[id] == nil then
    local f = try('HMGET', RUN .. id, 'state', 'share', 'gather_job', 'expires_at_ms')
    local run = not f.err and f[1] and { id = id, state = f[1], share = number(f[2], nil), gather = f[3], expires = number(f[4], nil) }
    if run then
      for _, hash in ipairs({ UNITS, OUTPUTS, FAILURES, EARLY, LATE }) do
        local length = try('HLEN', hash .. id)
        if type(length) == 'table' then
          run.spoilt = run.spoilt or hash .. id .. ' is not a hash'
        end
        run[hash] = length ~= 0 -- whether there may be something in it
      end
      run.spoilt = run.spoilt or type(try('ZCARD', AGENDA)) == 'table' and AGENDA .. ' is not a sorted set'
    end
    known[id] = run
  end
  return known[id] or nil
end

local function has_ended(run)
  return run.state ~= 'open' and run.state ~= 'sealed'
end

-- Whether it has ended and its gather job waits or runs.
local function is_being_gathered(run)
  return has_ended(run) and call('HGET', RUN .. run.id, 'gather_state') == 'waiting'
end

-- Why a job is not to go on: the run of its unit was cancelled, or the one that it gathers has another gather job now.
local function cancelled(job, id, gathers)
  local run = id and id ~= '' and run_of(id)
  if run and run.state == 'cancelled' then
    return CANCELLED
  end
  run = gathers and run_of(gathers)
  if gathers and not (run and run.gather == job) then
    return SUPERSEDED
  end
end

local function tell(run, status)
  call('PUBLISH', LIFECYCLE, '{"run":' .. cjson.encode(run) .. ',"status":"' .. status .. '"}')
end

local function keys_of(id)
  return { RUN .. id, UNITS .. id, OUTPUTS .. id, FAILURES .. id, EARLY .. id, LATE .. id }
end

-- Keys of a run that nobody waits for any more have a time to live, those of any other have none. It is longer than the
-- retention: the sweep forgets a run without holding up Redis, which frees a large hash that expires all at once.
local function expire(run, keys)
  for _, key in ipairs(run.expires and keys or {}) do
    call('PEXPIREAT', key, text(run.expires + SPARE))
  end
end

-- Removes all of a run; returns how many keys there were.
local function forget_run(id)
  try('ZREM', RUNS, id)
  try('ZREM', AGENDA, id)
  return call('UNLINK', unpack(keys_of(id)))
end

-- Until when what ends now is kept.
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

-- The id of a job beside one that has the id it should have.
local function another_id(id, round)
  return string.sub(redis.sha1hex(id .. ':' .. round .. ':' .. NOW), 1, 32)
end

-- Writes a job that nobody has written yet, but for its place in `pending`. `more` holds pairs of further fields.
local function create_job(id, kind, payload, max_attempts, headers, more)
  if max_attempts and max_attempts ~= '' then
    more[#more + 1], more[#more + 2] = 'max_attempts', max_attempts
  end
  if headers and headers ~= '' then
    more[#more + 1], more[#more + 2] = 'headers', headers
  end
  call('HSET', JOB .. id, 'id', id, 'kind', kind, 'payload', payload, 'status', 'pending', 'attempts', '0',
    'enqueued_at_ms', NOW, 'claim_token', '', 'more', '1', unpack(more))
end

-- Ends a live run: its state, its gather job, and who hears of it. What a gather is to read is kept without a limit
-- until it has ended.
local function end_run(run, state)
  local id = run.id
  local f = call('HMGET', RUN .. id, 'gather_kind', 'gather_payload', 'gather_max_attempts', 'gather_headers')
  run.state = state
  call('HSET', RUN .. id, 'state', state, 'ended_at_ms', NOW, 'touched_at_ms', NOW)
  if state == 'completed' and f[1] and run.gather then
    if try('EXISTS', JOB .. run.gather) == 0 then
      create_job(run.gather, f[1], f[2], f[3], f[4], { 'gathers', id })
      call('LPUSH', PENDING, run.gather)
      count('enqueued_total', 1)
      hint()
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

-- Something of a started run has ended. Late units of an ended run are noted as such.
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

-- Ends a sealed run whose last unit has ended, or enough of them.
local function end_if_complete(run, ended)
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
  ended[#ended + 1], ended[#ended + 2] = id, run.state
end

-- Ends the touched runs that are complete. Called once, by the end of a script.
-- Returns { run id, state, … } of those that ended.
local function end_runs()
  local ended = {}
  for id in pairs(touched) do
    local run = known[id]
    if not has_ended(run) then
      call('HSET', RUN .. id, 'touched_at_ms', NOW)
      end_if_complete(run, ended)
    end
  end
  return ended
end

-- Why the output of a job cannot be taken as that of its unit; nil when it can.
local function refusal(id, unit, job)
  local run = run_of(id)
  if run and run.spoilt then
    return 'bad-output: ' .. run.spoilt
  elseif run then
    return try('HGET', UNITS .. id, unit) ~= job and 'bad-output: the run was started, and this job is not the one of its unit' or nil
  elseif type(try('HLEN', OUTPUTS .. id)) == 'table' then
    return 'bad-output: ' .. OUTPUTS .. id .. ' is not a hash'
  end
end

-- Whether a job was a unit of a started run that has been evicted since; what it does concerns nobody.
local function is_stray(job)
  return type(try('HGET', JOB .. job, 'round')) == 'string'
end

-- The keys of a run that nobody started live on for `ttl` ms after the last write.
local function touch(run, ttl)
  call('PEXPIRE', OUTPUTS .. run, ttl)
  call('PEXPIRE', FAILURES .. run, ttl)
  call('PEXPIRE', EARLY .. run, ttl)
  call('PEXPIRE', RUN .. run, ttl)
end

-- The unit's output, which no `refusal` speaks against. The first one stays, also when another job of the unit ends later.
local function put_unit(id, unit, job, output, ttl)
  local run = run_of(id)
  if run then
    if call('HSETNX', OUTPUTS .. id, unit, output) == 1 then
      for _, hash in ipairs(BESIDE) do
        if run[hash] then
          call('HDEL', hash .. id, unit)
        end
      end
      note(run, unit)
    end
  elseif not is_stray(job) then
    call('HSETNX', OUTPUTS .. id, unit, output)
    try('HDEL', FAILURES .. id, unit)
    try('HDEL', EARLY .. id, unit)
    touch(id, ttl)
  end
end

-- The unit's failure, unless the unit has an output. Keys of another type are left alone.
local function fail_unit(id, unit, job, reason, ttl)
  if id == '' or unit == '' then
    return
  end
  local run = run_of(id)
  if run then
    if not refusal(id, unit, job) and call('HEXISTS', OUTPUTS .. id, unit) == 0 then
      run[FAILURES] = true
      call('HSET', FAILURES .. id, unit, reason)
      note(run, unit)
    end
  elseif try('HEXISTS', OUTPUTS .. id, unit) ~= 1 and not is_stray(job) then
    try('HSET', FAILURES .. id, unit, reason)
    touch(id, ttl)
  end
end

-- The gather job of a run has ended: the run is kept from now on. A gather of an earlier round is of no concern.
local function end_gather(id, job, outcome, words)
  local run = id and id ~= '' and run_of(id)
  if run and run.gather == job and has_ended(run) then
    call('HSET', RUN .. id, 'gather_state', outcome, outcome == 'completed' and 'result' or 'gather_error', words)
    retire(run)
    tell(id, outcome == 'completed' and 'gathered' or 'gather-failed')
  end
end

-- What the end of a run writes besides its own keys.
local function check_queue()
  read('LLEN', PENDING)
  read('LLEN', WAKE)
  read('HLEN', META)
  read('ZCARD', AGENDA)
  read('ZCARD', RUNS)
end

-- A started run for a script that is about nothing else.
local function the_run(id)
  check_queue()
  read('HLEN', RUN .. id)
  local run = run_of(id)
  if run and run.spoilt then
    error(run.spoilt, 0)
  end
  return run
end
