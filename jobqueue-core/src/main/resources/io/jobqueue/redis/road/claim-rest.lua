-- Continues `road/claim` when that found jobs which it does not claim: due jobs for which there is no room, jobs that
-- another client has claimed, ids without a job, expired and cancelled jobs, and jobs of a paused kind.
-- needs: doors/give-to-sweep doors/hold doors/join doors/wait-again doors/fail words/runs words/run-ends words/totals words/unit-names words/wake

-- A guide client claims in two steps: it pops a job and then stamps it. A sweep between the two steps returns the job
-- to `pending`. The client still owns the job, so the job moves to `processing`, where a sweep finds it if the client
-- dies.
for _, id in ipairs(astray) do
  if not call('LPOS', PROCESSING, id) then
    give_to_sweep(id)
  end
end
for _, id in ipairs(promoted) do
  wait_again(id, now)
end
let_in()
hold(held)
if resumed_at and returned == #resumed and #resumed <= max then
  begin_writing()
  table.remove(kinds, resumed_at) -- nobody waits in its slot any more
  kinds.write()
  left = left + #kinds.resumed(0)
  reply[2] = left
end
keep_hint(left)

for _, id in ipairs(missing) do
  give_to_sweep(id)
end
for _, id in ipairs(expired) do
  local f = call('HMGET', JOB .. id, 'run_id', 'unit_id', 'gathers', 'expires_in_ms')
  fail(id, 'expired: no worker started the job within ' .. f[4] .. ' ms of its time', f[1], f[2], f[3], tonumber(ARGV[4]))
end
for _, id in ipairs(undone) do
  local f = call('HMGET', JOB .. id, 'run_id', 'unit_id', 'gathers', 'kind', 'payload')
  local run, unit = unit_of(f[1], f[2], f[4], f[5])
  fail(id, UNWANTED, run, unit, f[3], tonumber(ARGV[4]))
end
keep_dead(math.huge)
count('failed_total', #expired)
count('cancelled_total', #undone)
reply[3] = end_runs()
return reply
