-- The door through which jobs end that nobody wants any more while they wait.
-- needs: doors/end doors/unique doors/unschedule

-- Ends a job if it waits; returns whether it did. Its id stays in `pending`, which may be long, until a claim passes it over;
-- the field `in_pending` says so until then. The field holds the attempts, because a client of the guide takes such a job,
-- whose payload is there for it, without touching the field, but raises those.
--   expires  when the hash is deleted (ms of the epoch, as text)
local function cancel_waiting(id, reason, expires)
  local f = try('HMGET', JOB .. id, 'status', 'attempts', 'unique')
  if f[1] ~= 'pending' and f[1] ~= 'scheduled' then
    return false
  end
  call('HSET', JOB .. id, 'status', 'failed', 'last_error', reason, 'last_error_at_ms', NOW)
  if f[1] == 'pending' then
    call('HSET', JOB .. id, 'in_pending', f[2] or '0')
  end
  call('PEXPIREAT', JOB .. id, expires)
  unschedule(id)
  give_back_unique(id, f[3])
  ended(id, 'failed')
  return true
end
