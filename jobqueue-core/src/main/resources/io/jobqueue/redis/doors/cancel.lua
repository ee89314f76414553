-- The door through which waiting jobs end when they are cancelled.
-- needs: doors/end doors/unique doors/unschedule

-- Ends a job if it waits; returns whether it did. Its id stays in `pending`, which may be long, until a claim skips it;
-- until then the job has the fields `in_pending` and `delete_at_ms`, see doors/pass-over. `in_pending` holds the number
-- of attempts: a client of the guide that claims the job increments the attempts but not this field, which shows that
-- it took the job. As long as the id is in `pending`, the hash does not expire: an id without a hash looks like a lost
-- job.
--   expires  when the hash is deleted, at the earliest (ms of the epoch, as text)
local function cancel_waiting(id, reason, expires)
  local f = try('HMGET', JOB .. id, 'status', 'attempts', 'unique')
  if f[1] ~= 'pending' and f[1] ~= 'scheduled' then
    return false
  end
  call('HSET', JOB .. id, 'status', 'failed', 'last_error', reason, 'last_error_at_ms', NOW)
  if f[1] == 'pending' then
    call('HSET', JOB .. id, 'in_pending', f[2] or '0', 'delete_at_ms', expires)
  else
    call('PEXPIREAT', JOB .. id, expires)
  end
  unschedule(id)
  give_back_unique(id, f[3])
  ended(id, 'failed')
  return true
end
