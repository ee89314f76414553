-- Shared by the scripts that end jobs: history and dead letters. Stands behind `runs`.

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

-- The guide's message. `by` tells other processes of ours that this script has told the job's run already.
local function publish(id, status)
  call('PUBLISH', EVENTS, '{"id":' .. cjson.encode(id) .. ',"status":"' .. status .. '","by":"jobqueue"}')
end

-- Ends a job without success: it becomes a dead letter.
local function bury(id, reason)
  call('HSET', JOB .. id, 'status', 'failed', 'claim_token', '', 'last_error', reason, 'last_error_at_ms', text(now))
  call('LPUSH', FAILED, id)
  publish(id, 'failed')
end

-- Ends a job that is not wanted any more, if it waits. Its id stays in `pending`, which may be long, until a claim passes it
-- over; the field `in_pending` tells so until then. It holds the attempts, because a client of the guide takes such a job,
-- whose payload is there for it, without touching the field, but raises those.
local function cancel_if_waiting(id, reason, expires)
  local f = try('HMGET', JOB .. id, 'status', 'attempts')
  if f[1] ~= 'pending' and f[1] ~= 'scheduled' then
    return false
  end
  call('HSET', JOB .. id, 'status', 'failed', 'last_error', reason, 'last_error_at_ms', text(now))
  if f[1] == 'pending' then
    call('HSET', JOB .. id, 'in_pending', f[2] or '0')
  end
  call('PEXPIREAT', JOB .. id, expires)
  call('ZREM', DELAYED, id)
  publish(id, 'failed')
  return true
end

-- What the end of a job without success means for the run that it is a unit of, or that it gathers.
local function fail_for_run(id, run, unit, gathers, reason, ttl)
  fail_unit(run or '', unit or '', id, reason, ttl)
  end_gather(gathers, id, 'failed', reason)
end

-- Ends a job that cannot run, because its payload is gone.
local function bury_lost(id, run, unit, gathers, ttl)
  local reason = 'lost: the job has no payload'
  bury(id, reason)
  fail_for_run(id, run, unit, gathers, reason, ttl)
end
