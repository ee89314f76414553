-- Starts a run, or opens an ended one again. A live run keeps its options.
-- KEYS the queue's
-- ARGV[1] run_id  [2] mode: `start` does not change sealed and completed runs, except those whose gather job failed;
--   `open` opens them to more units, `again` opens completed ones only  [3] gather job's id  [4...] pairs of further
--   fields; a value of '' removes the field
-- returns the state: `unstarted` when the run has outputs but was never started
-- needs: words/first-write words/runs words/run-ends words/one-run words/totals doors/cancel
local id, mode, gather = ARGV[1], ARGV[2], ARGV[3]
local run = the_run(id)
read('ZCARD', DELAYED)
if not run then
  for _, key in ipairs({ RUN, UNITS, OUTPUTS, FAILURES }) do
    if call('EXISTS', key .. id) == 1 then
      return 'unstarted'
    end
  end
elseif run.state == 'open' or run.state == 'sealed' and mode ~= 'open'
  or run.state == 'completed' and mode == 'start' and call('HGET', RUN .. id, 'gather_state') ~= 'failed' then
  return run.state
elseif run.state == 'sealed' then
  begin_writing()
  call('HSET', RUN .. id, 'state', 'open', 'touched_at_ms', NOW)
  return 'open'
end

-- a new run needs memory, so a full Redis refuses its first write; an old run only continues
local round = number(run and call('HGET', RUN .. id, 'round'), 0) + 1
if gather ~= '' and (round > 1 or call('EXISTS', JOB .. gather) == 1) then
  gather = another_id(gather, round)
end
call('HSET', RUN .. id, 'state', 'open', 'round', text(round), 'touched_at_ms', NOW)
if run and is_being_gathered(run) then
  -- it would see a part only; a running one learns it at its next heartbeat
  count('cancelled_total', cancel_waiting(run.gather, SUPERSEDED, text(retention_from_now(id))) and 1 or 0)
end
call('HSETNX', RUN .. id, 'started_at_ms', NOW)
call('HDEL', RUN .. id, 'sealed_at_ms', 'ended_at_ms', 'expires_at_ms', 'overdue_at_ms', 'gather_job', 'gather_state',
  'gather_error', 'result', 'walk', 'walked_at_ms', 'cancel')
if gather ~= '' then
  call('HSET', RUN .. id, 'gather_job', gather)
end
for i = 4, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    call('HDEL', RUN .. id, ARGV[i])
  else
    call('HSET', RUN .. id, ARGV[i], ARGV[i + 1])
  end
end
for _, key in ipairs(keys_of(id)) do
  call('PERSIST', key)
end
call('UNLINK', LATE .. id)
call('ZADD', RUNS, 'NX', NOW, id)
local deadline = number(call('HGET', RUN .. id, 'deadline_ms'), LOOK)
call('ZADD', AGENDA, text(now + math.min(deadline + 1, LOOK)), id)
return 'open'
