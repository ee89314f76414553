-- A run, of one instant, and a page of the claimed jobs to count those of the run among them.
-- KEYS the queue's
-- ARGV[1] run_id  [2] how many claimed jobs to pass over, from the newest; -1 counts none
-- returns {} when nobody started it, else { state, units, outputs, failures, late units, claimed jobs of the run on the page,
--   1 if there are further pages, and the fields started_at_ms, sealed_at_ms, ended_at_ms, expires_at_ms, overdue_at_ms,
--   gather_job, gather_state, gather_error }
local id, from = ARGV[1], tonumber(ARGV[2])
local PAGE = 1000
local run = run_of(id)
if not run then
  return {}
elseif run.spoilt then
  error(run.spoilt, 0)
end
local running, more = 0, 0
if from >= 0 then
  local ids = read('LRANGE', PROCESSING, from, from + PAGE - 1)
  more = #ids == PAGE and 1 or 0
  for _, job in ipairs(ids) do
    if try('HGET', JOB .. job, 'run_id') == id then
      running = running + 1
    end
  end
end
local reply = { run.state, call('HLEN', UNITS .. id), call('HLEN', OUTPUTS .. id), call('HLEN', FAILURES .. id),
  call('HLEN', LATE .. id), running, more }
for _, value in ipairs(call('HMGET', RUN .. id, 'started_at_ms', 'sealed_at_ms', 'ended_at_ms', 'expires_at_ms',
  'overdue_at_ms', 'gather_job', 'gather_state', 'gather_error')) do
  reply[#reply + 1] = value
end
return reply
