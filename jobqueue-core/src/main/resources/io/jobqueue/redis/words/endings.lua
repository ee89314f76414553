-- Shared by the scripts with which jobs end without success. Stands behind `runs` and `history`.
-- needs: words/runs words/history

-- Ends a job without success: it becomes a dead letter.
local function bury(id, reason)
  call('HSET', JOB .. id, 'status', 'failed', 'claim_token', '', 'last_error', reason, 'last_error_at_ms', NOW)
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
  call('HSET', JOB .. id, 'status', 'failed', 'last_error', reason, 'last_error_at_ms', NOW)
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
