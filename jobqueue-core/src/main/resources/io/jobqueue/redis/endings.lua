-- Shared by the scripts that end jobs: history, dead letters, units of runs.

-- Deletes the hashes of jobs that dropped out of a history, but for those that have come to life again since.
local function forget(ids, status)
  local gone = {}
  for _, id in ipairs(ids) do
    if try('HGET', JOB .. id, 'status') == status then
      gone[#gone + 1] = JOB .. id
    end
  end
  if #gone > 0 then
    call('UNLINK', unpack(gone))
  end
end

-- Drops the oldest of a history down to `keep`, at most 300 a call; returns how many.
local function trim(history, status, keep)
  local over = math.min(call('LLEN', history) - keep, 300)
  if over <= 0 then
    return 0
  end
  forget(call('RPOP', history, over), status)
  return over
end

local function publish(id, status)
  call('PUBLISH', EVENTS, '{"id":' .. cjson.encode(id) .. ',"status":"' .. status .. '"}')
end

-- A run's keys live on for `ttl` ms after the last write.
local function touch(run, ttl)
  call('PEXPIRE', OUTPUTS .. run, ttl)
  call('PEXPIRE', FAILURES .. run, ttl)
  call('PEXPIRE', RUN .. run, ttl)
end

-- The unit's failure, unless the unit has an output. A key of another type is left alone.
local function fail_unit(run, unit, reason, ttl)
  if run ~= '' and unit ~= '' and try('HEXISTS', OUTPUTS .. run, unit) ~= 1 then
    try('HSET', FAILURES .. run, unit, reason)
    touch(run, ttl)
  end
end

-- Ends a job without success: it becomes a dead letter.
local function bury(id, reason)
  call('HSET', JOB .. id, 'status', 'failed', 'claim_token', '', 'last_error', reason, 'last_error_at_ms', text(now))
  call('LPUSH', FAILED, id)
  publish(id, 'failed')
end

-- Ends a job that cannot run, because its payload is gone.
local function bury_lost(id, run, unit, ttl)
  local reason = 'lost: the job has no payload'
  bury(id, reason)
  fail_unit(run or '', unit or '', reason, ttl)
end
