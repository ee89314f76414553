-- Creates jobs: a hash each, and the id at the back of `pending` or in `delayed`. A job whose id exists is not touched.
-- KEYS the queue's; then the key of this call, which answers a replay by the driver
-- ARGV[1] how long the call is remembered (ms); then for each job:
--   id, kind, payload, and '' or how many words follow: when ('' now | '+ms' from now | 'ms' of the epoch), names and values
--   of further fields (max_attempts, headers, run_id, unit_id)
-- returns one letter a job: C created, E existed
local CALL = KEYS[2]
local answered = read('GET', CALL)
if answered then
  return answered
end
read('LLEN', PENDING)
local hints = read('LLEN', WAKE)
local enqueued_total = number(read('HGET', META, 'enqueued_total'), 0)
local earliest = tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])

local answer, new, seen = {}, {}, {}
local n, i, last = 0, 2, #ARGV
while i <= last do
  local id = ARGV[i]
  n = n + 1
  if seen[id] or call('EXISTS', JOB .. id) == 1 then
    answer[n] = 'E'
  else
    seen[id] = true
    answer[n] = 'C'
    new[#new + 1] = i
  end
  i = i + 4 + (tonumber(ARGV[i + 3]) or 0)
end
answer = table.concat(answer)
if #new == 0 then
  return answer
end

-- the first write needs memory on purpose: a full Redis refuses the whole call
local NONE, pending, sooner = {}, {}, false
for _, i in ipairs(new) do
  local id, words = ARGV[i], ARGV[i + 3]
  local hash, due = JOB .. id, now
  if words ~= '' and ARGV[i + 4] ~= '' then
    due = string.sub(ARGV[i + 4], 1, 1) == '+' and now + tonumber(ARGV[i + 4]) or tonumber(ARGV[i + 4])
  end
  local delayed = due > now
  local further = NONE
  if delayed or words ~= '' and words ~= '1' then
    further = { unpack(ARGV, i + 5, i + 3 + words) }
    if #further > 0 then
      further[#further + 1], further[#further + 2] = 'more', '1' -- who claims the job looks for them only when this says so
    end
    if delayed then
      further[#further + 1], further[#further + 2] = 'due_at_ms', text(due)
    end
  end
  call('HSET', hash, 'id', id, 'kind', ARGV[i + 1], 'payload', ARGV[i + 2], 'status', delayed and 'scheduled' or 'pending',
    'attempts', '0', 'enqueued_at_ms', NOW, 'claim_token', '', unpack(further))
  if delayed then
    call('ZADD', DELAYED, text(due), id)
    sooner = sooner or not earliest or due < earliest
  else
    pending[#pending + 1] = id
  end
end
if #pending > 0 then
  call('LPUSH', PENDING, unpack(pending))
end
call('SET', CALL, answer, 'PX', ARGV[1])
call('HSET', META, 'enqueued_total', text(enqueued_total + #new))
if hints == 0 and (#pending > 0 or sooner) then
  call('LPUSH', WAKE, '1')
end
return answer
