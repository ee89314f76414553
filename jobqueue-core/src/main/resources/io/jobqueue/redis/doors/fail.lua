-- The door through which jobs fail for good. The caller has already removed the job from its list.
-- needs: doors/end doors/unique words/history words/units words/run-ends

local dead = {} -- ids of new dead letters, which are in no history yet

-- Makes a job a dead letter, and ends its unit or its gather job.
--   run, unit  the unit that the job belongs to, '' or nil when it belongs to none
--   gathers    the run that it gathers, if any
--   ttl        how long the keys of a run that nobody started live on (ms)
local function fail(id, reason, run, unit, gathers, ttl)
  call('HSET', JOB .. id, 'status', 'failed', 'claim_token', '', 'last_error', reason, 'last_error_at_ms', NOW)
  dead[#dead + 1] = id
  ended(id, 'failed')
  give_back_unique(id, try('HGET', JOB .. id, 'unique'))
  fail_unit(run or '', unit or '', id, reason, ttl)
  end_gather(gathers, id, 'failed', reason)
end

-- Does the same for a job that cannot run because its payload is gone.
local function fail_lost(id, run, unit, gathers, ttl)
  fail(id, 'lost: the job has no payload', run, unit, gathers, ttl)
end

-- Adds new dead letters to their history and trims it to its limit; returns how many old ones it dropped.
local function keep_dead(keep)
  if #dead == 0 then
    return 0
  end
  return trim(FAILED, 'failed', call('LPUSH', FAILED, unpack(dead)), keep)
end
