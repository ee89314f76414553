-- Cancels one job. A job that waits ends at once, as a dead letter with the reason `cancelled`.
-- KEYS the queue's
-- ARGV[1] the id  [2] dead letters to keep  [3] how long a job is kept that is cancelled where it waits (ms)
--   [4] how long a run's keys live on (ms)
-- returns { N no such job, E it has ended, A it was cancelled before, P it is being processed, C cancelled by this call;
--   dead letters dropped; { run id, state, … } of the runs that ended; why Redis refused a message, if it did }
-- needs: words/first-write words/publish words/runs words/run-ends words/totals words/unit-names words/units doors/cancel doors/fail doors/leave-pending doors/unschedule
local REASON = 'cancelled: the job was cancelled'
local id = ARGV[1]
local hash = JOB .. id
read('LLEN', PENDING)
read('ZCARD', DELAYED)
read('LLEN', FAILED)
local f = read('HMGET', hash, 'status', 'run_id', 'unit_id', 'kind', 'gathers', 'last_error')
local status = f[1]
if not status then
  return { 'N', 0, {} }
elseif status == 'processing' then
  return { 'P', 0, {} }
elseif status ~= 'pending' and status ~= 'scheduled' then
  return { status == 'failed' and string.sub(f[6] or '', 1, 10) == 'cancelled:' and 'A' or 'E', 0, {} }
end
local run, unit = unit_of(f[2], f[3], f[4], not f[4] and call('HGET', hash, 'payload'))
local near = status == 'pending' and end_near(id)

begin_writing()
if status == 'scheduled' or near then
  if near then
    leave_pending(id, near)
  else
    unschedule(id)
  end
  fail(id, REASON, run, unit, f[5], ARGV[4])
else
  -- too far from both ends to take it out; a claim passes it over
  cancel_waiting(id, REASON, text(now + tonumber(ARGV[3])))
  fail_unit(run, unit, id, REASON, ARGV[4])
  end_gather(f[5], id, 'failed', REASON)
end
publish(LIFECYCLE, '{"id":' .. cjson.encode(id) .. ',"status":"cancelled"}')
local dropped = keep_dead(tonumber(ARGV[2]))
count('cancelled_total', 1)
count('dropped_total', dropped)
local runs_ended = end_runs()
return { 'C', dropped, runs_ended, refusal_to_publish }
