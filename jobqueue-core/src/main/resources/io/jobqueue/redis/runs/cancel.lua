-- Cancels a live run at once, and then its waiting jobs, one page of units per call. Running jobs learn it at their
-- next heartbeat. See doors/cancel.
-- KEYS the queue's; then, for a client that may send a call twice, the key that remembers the reply to this call
-- ARGV[1] run_id  [2] '' cancels the run if it is live; else the round that an earlier call cancelled: continues it,
--   unless the run was started again meanwhile  [3] how long the call is remembered (ms)
-- returns { 1 cancelled by this call, 0 not; the round; 1 if pages are left, else 0; { run id, state, '', '' } when it
--   ended; why Redis refused a message, if it did }
-- needs: words/call words/first-write words/publish words/runs words/run-ends words/one-run words/foreign-ends
local id, round = ARGV[1], ARGV[2]
local run = the_run(id)
read('ZCARD', DELAYED)
local answered = CALL and round == '' and read('GET', CALL)
local current = run and call('HGET', RUN .. id, 'round') or ''
local mine = answered or round == '' and run and not has_ended(run)
round = answered or round ~= '' and round or current

begin_writing()
if mine and not answered then
  if CALL then
    call('SET', CALL, round, 'PX', ARGV[3])
  end
  call('HSET', RUN .. id, 'cancel', '0')
  end_run(run, 'cancelled')
end
local more = 0
if run and run.state == 'cancelled' and round == current then
  more = cancel_page(run)
end
return { mine and 1 or 0, round, more, mine and { id, 'cancelled', '', '' } or {}, refusal_to_publish }
