-- A started run is a hash with a `state`, which is open (units may be added), sealed (all units are known), and then
-- completed, failed or cancelled. Its units are the fields of UNITS. Each of them ends as a field of OUTPUTS or of
-- FAILURES, never of both, and these hashes contain nothing else. So three lengths show whether the run has ended, and
-- a repeat never counts twice.

local LIFECYCLE, RUNS, AGENDA, RUN = ROOT .. 'lifecycle', ROOT .. 'runs', ROOT .. 'agenda', ROOT .. 'run:'
local UNITS, OUTPUTS, FAILURES = ROOT .. 'units:', ROOT .. 'outputs:', ROOT .. 'failures:'
local EARLY, LATE = ROOT .. 'early:', ROOT .. 'late:'
local LOOK = 60000 -- ms between two looks at a run that is live
local SPARE = 24 * 3600 * 1000 -- ms that the keys of a run outlive its retention
local CANCELLED, SUPERSEDED = 'cancelled: its run was cancelled', 'cancelled: its run was opened anew'
local UNWANTED = 'cancelled: the job was cancelled'

local known = {}

-- A started run, read once in a script; nil when nobody started it. `spoilt` names a key of another type.
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

-- Whether the run has ended and its gather job waits or runs.
local function is_being_gathered(run)
  return has_ended(run) and call('HGET', RUN .. run.id, 'gather_state') == 'waiting'
end

-- The reason why a job must not continue: the job itself was cancelled, the run of its unit was cancelled, or the run that
-- it gathers now has another gather job.
--   more  the field `more` of the job, in which admin/cancel marks a job that is being processed
local function cancelled(job, id, gathers, more)
  if more == 'cancelled' then
    return UNWANTED
  end
  local run = id and id ~= '' and run_of(id)
  if run and run.state == 'cancelled' then
    return CANCELLED
  end
  run = gathers and run_of(gathers)
  if gathers and not (run and run.gather == job) then
    return SUPERSEDED
  end
end

local function keys_of(id)
  return { RUN .. id, UNITS .. id, OUTPUTS .. id, FAILURES .. id, EARLY .. id, LATE .. id }
end

-- The keys of a run that has ended, and whose gather job has ended, have a time to live; those of any other run have
-- none. It is longer than the retention: the upkeep forgets a run without holding up Redis, which frees a large hash
-- that expires all at once.
local function expire(run, keys)
  for _, key in ipairs(run.expires and keys or {}) do
    call('PEXPIREAT', key, text(run.expires + SPARE))
  end
end
