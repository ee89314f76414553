-- Renews claims, each only if its token still owns the job. `claimed_at_ms` is renewed as well, because the guide's
-- sweepers look only at it. A lease that already lasts longer stays as it is.
-- KEYS the queue's
-- ARGV for each claim: id, token, lease (ms)
-- returns one digit a claim: 1 renewed, 0 the token no longer owns the job, 2 renewed but cancelled: the job or
--   its run was cancelled, or the run that it gathers has another gather job now
-- needs: words/first-write words/lease
local RUN = ROOT .. 'run:'
begin_writing()
local answers = {}
for i = 1, #ARGV, 3 do
  local hash, token, length = JOB .. ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local f = try('HMGET', hash, 'status', 'claim_token', 'lease', 'run_id', 'gathers', 'more')
  if token == '' or f.err or f[1] ~= 'processing' or f[2] ~= token then
    answers[#answers + 1] = '0'
  else
    local deadline = now + length
    local promised, promise = lease_of(token, f[3])
    if promised and promise and promised > deadline and promised <= now + promise then
      deadline, length = promised, promise
    end
    call('PERSIST', hash)
    call('HSET', hash, 'claimed_at_ms', NOW, 'lease', lease_text(token, deadline, length))
    local cancelled = f[6] == 'cancelled' or f[4] and try('HGET', RUN .. f[4], 'state') == 'cancelled'
      or f[5] and try('HGET', RUN .. f[5], 'gather_job') ~= ARGV[i]
    answers[#answers + 1] = cancelled and '2' or '1'
  end
end
return table.concat(answers)
