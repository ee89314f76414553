-- The door through which jobs are deleted, whatever their status.
-- needs: doors/pass-over doors/record doors/unique words/first-write words/history words/units words/run-ends

-- Removes the oldest jobs of one status; returns how many ids it removed. For its run, a job that had not ended ends.
--   ttl  how long the keys of a run that nobody started live on (ms)
local function discard(status, most, ttl)
  local list = ({ pending = PENDING, processing = PROCESSING, completed = COMPLETED, failed = FAILED })[status]
  local ids
  if list then
    read('LLEN', list)
    ids = call('RPOP', list, most) or {}
  else
    ids = read('ZRANGE', DELAYED, 0, most - 1)
    if #ids > 0 then
      call('ZREM', DELAYED, unpack(ids))
    end
  end
  begin_writing()
  local reason = 'purged: the job was removed'
  for _, id in ipairs(status ~= 'completed' and status ~= 'failed' and ids or {}) do
    local f = try('HMGET', JOB .. id, 'status', 'run_id', 'unit_id', 'gathers', 'unique')
    if record and f[1] == status then
      record(id, 'discarded', reason)
    end
    if f[1] == status and (f[2] or f[4]) then
      fail_unit(f[2] or '', f[3] or '', id, reason, ttl)
      end_gather(f[4], id, 'failed', reason)
    end
    give_back_unique(id, f[5])
    pass_over(JOB .. id)
  end
  for _, id in ipairs(record and status == 'failed' and ids or {}) do
    if try('HGET', JOB .. id, 'status') == status then
      record(id, 'discarded', reason)
    end
  end
  forget(ids, status)
  return #ids
end
