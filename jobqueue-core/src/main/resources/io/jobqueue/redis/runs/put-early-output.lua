-- Writes an early output of a unit, if the token still owns its job. Early outputs are stored apart from final ones.
-- KEYS the queue's
-- ARGV[1] job id  [2] token, not empty  [3] run_id  [4] unit_id  [5] output  [6] how long an unstarted run's keys live
--   on (ms)
-- returns 1 written, 0 no longer the token's
-- needs: words/runs words/units
local job, token, id, unit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
read('HLEN', EARLY .. id)
local f = read('HMGET', JOB .. job, 'status', 'claim_token')
if f[1] ~= 'processing' or f[2] ~= token then
  return 0
end
local run = run_of(id)
if run and refusal(id, unit, job) or not run and is_stray(job) then
  return 1 -- it concerns nobody
end
-- the first write needs memory on purpose
call('HSET', EARLY .. id, unit, ARGV[5])
if not run then
  touch(id, ARGV[6])
else
  expire(run, { EARLY .. id })
end
return 1
