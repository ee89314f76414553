-- Cancels one job. A job that waits ends at once, as a dead letter with the reason `cancelled`. A job that is being processed is
-- marked, and its worker is told by a message and by its next heartbeat; whatever ends the attempt but a completion, ends the job.
-- KEYS the queue's
-- ARGV[1] the id  [2] how long a job is kept that is cancelled where it stands in a long queue (ms)
--   [3] how long a run's keys live on (ms)
-- returns { N no such job, E it has ended, A it was cancelled before, M it is processed and marked, C cancelled by this call;
--   { run id, state, … } of the runs that ended; why Redis refused a message, if it did }
-- needs: words/first-write words/publish words/runs words/run-ends words/totals words/unit-names words/units doors/cancel doors/fail doors/leave-pending doors/unschedule
local POPPED = 1000 -- entries of `processing` among which an id is looked for that a client of the guide has popped
local id = ARGV[1]
local hash = JOB .. id
read('LLEN', PENDING)
read('LLEN', PROCESSING)
read('ZCARD', DELAYED)
read('LLEN', FAILED)
local f = read('HMGET', hash, 'status', 'run_id', 'unit_id', 'kind', 'gathers', 'last_error')
local status = f[1]
if not status then
  return { 'N', {} }
elseif status ~= 'processing' and status ~= 'pending' and status ~= 'scheduled' then
  return { status == 'failed' and string.sub(f[6] or '', 1, 10) == 'cancelled:' and 'A' or 'E', {} }
end
local run, unit = unit_of(f[2], f[3], f[4], not f[4] and call('HGET', hash, 'payload'))
local near = status == 'pending' and end_near(id)
local popped = status == 'pending' and not near and call('LPOS', PROCESSING, id, 'MAXLEN', POPPED)

begin_writing()
if status == 'processing' or popped then
  call('HSET', hash, 'more', 'cancelled', 'cancelled_at_ms', NOW)
  publish(ROOT .. 'cancels', id)
  return { 'M', {}, refusal_to_publish }
elseif near then
  leave_pending(id, near)
  fail(id, UNWANTED, run, unit, f[5], ARGV[3])
elseif status == 'scheduled' then
  unschedule(id)
  fail(id, UNWANTED, run, unit, f[5], ARGV[3])
else
  -- too far from both ends to take it out; a claim passes it over
  cancel_waiting(id, UNWANTED, text(now + tonumber(ARGV[2])))
  fail_unit(run, unit, id, UNWANTED, ARGV[3])
  end_gather(f[5], id, 'failed', UNWANTED)
end
publish(LIFECYCLE, '{"id":' .. cjson.encode(id) .. ',"status":"cancelled"}')
keep_dead(math.huge) -- who may cancel need not have the right to drop dead letters; later ends do it
count('cancelled_total', 1)
local runs_ended = end_runs()
return { 'C', runs_ended, refusal_to_publish }
