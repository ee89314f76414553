-- Removes jobs of one status for good, at most 500 a call.
-- KEYS the queue's
-- ARGV[1] the status  [2] how long a run's keys live on (ms)
-- returns { how many ids were taken out, 0 when none is left; { run id, state, … } of the runs that ended }
-- needs: words/runs words/history words/endings
local PAGE = 500
local status, ttl = ARGV[1], ARGV[2]
read('HLEN', META)
read('LLEN', PENDING)
read('LLEN', WAKE)
local list = ({ pending = PENDING, processing = PROCESSING, completed = COMPLETED, failed = FAILED })[status]
local ids
if list then
  read('LLEN', list)
  ids = call('RPOP', list, PAGE) or {}
else
  ids = read('ZRANGE', DELAYED, 0, PAGE - 1)
  if #ids > 0 then
    call('ZREM', DELAYED, unpack(ids))
  end
end
-- what is not ended yet, ends for its run
local open = {}
for _, id in ipairs(status ~= 'completed' and status ~= 'failed' and ids or {}) do
  local f = try('HMGET', JOB .. id, 'status', 'run_id', 'unit_id', 'gathers')
  if f[1] == status and (f[2] or f[4]) then
    open[#open + 1] = { id, f }
  end
end
begin_writing()
for _, id in ipairs(status == 'pending' and ids or {}) do
  try('HDEL', JOB .. id, 'in_pending') -- of a unit that was cancelled where it waited
end
for _, job in ipairs(open) do
  fail_for_run(job[1], job[2][2], job[2][3], job[2][4], 'purged: the job was removed', ttl)
end
forget(ids, status)
count('purged_total', #ids)
return { #ids, end_runs() }
