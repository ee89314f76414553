-- Reads whether awaited jobs have ended. Writes nothing.
-- KEYS the queue's
-- ARGV ids
-- returns for each id { status, attempts, last_error, result }: the fields of its hash, all nil when there is no hash;
--   the last two are nil while the job has not ended. { error } when its key holds no hash. Ends early when the reply
--   grows too large, so there may be fewer replies than ids, but at least one.
local MOST_BYTES = 1000000
local reply, bytes = {}, 0
for i, id in ipairs(ARGV) do
  local f = try('HMGET', JOB .. id, 'status', 'attempts', 'last_error', 'result')
  if f.err then
    f = { JOB .. id .. ': ' .. f.err }
  elseif f[1] ~= 'completed' and f[1] ~= 'failed' then
    f[3], f[4] = false, false
  else
    bytes = bytes + #(f[3] or '') + #(f[4] or '')
  end
  reply[i] = f
  if bytes > MOST_BYTES then
    break
  end
end
return reply
