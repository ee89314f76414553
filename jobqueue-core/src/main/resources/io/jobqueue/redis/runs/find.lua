-- Reads runs at one instant, and counts their jobs on one page of the claimed jobs.
-- KEYS the queue's
-- ARGV[1] how many claimed jobs to skip, from the newest  [2...] run_ids
-- returns { 1 if there are further pages; then for each run {} when nobody started it, else { claimed jobs of the run
--   on the page, state, units, outputs, failures, late units, and the fields started_at_ms, sealed_at_ms, ended_at_ms,
--   expires_at_ms, overdue_at_ms, gather_job, gather_state, gather_error } }
-- needs: words/runs
local PAGE = 1000
local from = tonumber(ARGV[1])
local claimed = read('LRANGE', PROCESSING, from, from + PAGE - 1)
local running = {}
for _, job in ipairs(claimed) do
  local id = try('HGET', JOB .. job, 'run_id')
  if type(id) == 'string' then
    running[id] = (running[id] or 0) + 1
  end
end
local reply = { #claimed == PAGE and 1 or 0 }
for i = 2, #ARGV do
  local id = ARGV[i]
  local run = run_of(id)
  local found = {}
  if run and run.spoilt then
    error(run.spoilt, 0)
  elseif run then
    found = { running[id] or 0, run.state, call('HLEN', UNITS .. id), call('HLEN', OUTPUTS .. id),
      call('HLEN', FAILURES .. id), call('HLEN', LATE .. id) }
    for _, value in ipairs(call('HMGET', RUN .. id, 'started_at_ms', 'sealed_at_ms', 'ended_at_ms', 'expires_at_ms',
      'overdue_at_ms', 'gather_job', 'gather_state', 'gather_error')) do
      found[#found + 1] = value
    end
  end
  reply[i] = found
end
return reply
