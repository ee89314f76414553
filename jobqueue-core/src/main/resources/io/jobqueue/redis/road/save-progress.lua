-- Stores the progress of a job or a line of its log, if the token still owns the job, and publishes a message on the
-- channel `lifecycle`.
-- KEYS the queue's
-- ARGV[1] job id  [2] token, not empty  [3] `progress` and [4] its text, as in 3:10:halfway; or [3] `log`, [4] the
--   line, and
--   [5] the most bytes of the log: the oldest lines are dropped first
-- returns { 1 written or 0 no longer the token's; why Redis refused a message, if it did }
-- needs: words/publish
local id, token, field, value = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local f = read('HMGET', JOB .. id, 'status', 'claim_token', 'attempts', 'log')
if f[1] ~= 'processing' or f[2] ~= token then
  return { 0 }
end
local told = ''
if field == 'progress' then
  call('HSET', JOB .. id, 'progress', NOW .. ':' .. value)
  told = string.gsub(value, '^(%d+):(%d+):.*$', ',"done":%1,"total":%2')
else
  local lines = (f[4] or '') .. NOW .. ':' .. f[3] .. ':' .. value .. '\n'
  local most = tonumber(ARGV[5])
  while #lines > most do
    lines = string.sub(lines, string.find(lines, '\n', 1, true) + 1)
  end
  call('HSET', JOB .. id, 'log', lines)
end
publish(ROOT .. 'lifecycle', '{"id":' .. cjson.encode(id) .. ',"status":"' .. field .. '"' .. told .. '}')
return { 1, refusal_to_publish }
