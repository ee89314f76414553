-- Cancels a live run at once, and then, a page of its units a call, the jobs that wait. Running ones are told by their
-- next heartbeat. The ids stay in `pending`, where a claim drops them because their jobs have ended.
-- KEYS the queue's
-- ARGV[1] run_id
-- returns { 1 cancelled by this call, 0 not; 1 if pages are left, else 0; { run id, state } when it ended }
local id = ARGV[1]
local run = the_run(id)
read('ZCARD', DELAYED)
if not run then
  return { 0, 0, {} }
end
local mine = not has_ended(run)
if not mine and run.state ~= 'cancelled' then
  return { 0, 0, {} }
end
begin_writing()
if mine then
  call('HSET', RUN .. id, 'cancel', '0')
  end_run(run, 'cancelled')
end
local more = cancel_page(id)
return { mine and 1 or 0, more, mine and { id, 'cancelled' } or {} }
