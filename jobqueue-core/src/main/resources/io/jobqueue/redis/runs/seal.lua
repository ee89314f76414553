-- Seals a run: all its units are known. The run ends in the same step if all units have ended already.
-- KEYS the queue's
-- ARGV[1] run_id
-- returns { state or '' when nobody started it, { run id, state, … } of the runs that ended; why Redis refused a
--   message, if it did }
-- needs: words/first-write words/publish words/runs words/run-ends words/one-run
local id = ARGV[1]
local run = the_run(id)
if not run or has_ended(run) then
  return { run and run.state or '', {} }
end
begin_writing()
if run.state == 'open' then
  run.state = 'sealed'
  call('HSET', RUN .. id, 'state', 'sealed', 'sealed_at_ms', NOW)
  local after = number(call('HGET', RUN .. id, 'gather_after_ms'), nil)
  if after then
    call('ZADD', AGENDA, 'LT', text(now + after), id)
  end
end
touched[id] = true
local ended = end_runs()
return { run.state, ended, refusal_to_publish }
