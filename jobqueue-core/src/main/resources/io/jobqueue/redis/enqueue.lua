-- Creates jobs: a hash each, and the id at the back of `pending` or in `delayed`. A job whose id exists is not touched.
-- KEYS the queue's; then the key of this call, which answers a replay by the driver
-- ARGV[1] how long the call is remembered (ms); then for each job:
--   id, kind, payload, when ('' now | '+ms' from now | 'ms' of the epoch), max_attempts, headers, run_id, unit_id ('' = none)
-- returns one letter a job: C created, E existed
local CALL = KEYS[#KEYS]
local answered = read('GET', CALL)
if answered then
  return answered
end
read('LLEN', PENDING)
read('LLEN', WAKE)
read('HLEN', META)
local earliest = read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2]

local answer, new, seen = {}, {}, {}
for i = 2, #ARGV, 8 do
  local id = ARGV[i]
  if seen[id] or call('EXISTS', JOB .. id) == 1 then
    answer[#answer + 1] = 'E'
  else
    seen[id] = true
    answer[#answer + 1] = 'C'
    new[#new + 1] = i
  end
end
answer = table.concat(answer)
if #new == 0 then
  return answer
end

-- the first write needs memory on purpose: a full Redis refuses the whole call
local pending, sooner = {}, false
local optional = { 'max_attempts', 'headers', 'run_id', 'unit_id' }
for _, i in ipairs(new) do
  local id, when = ARGV[i], ARGV[i + 3]
  local due = now
  if when ~= '' then
    due = string.sub(when, 1, 1) == '+' and now + tonumber(when) or tonumber(when)
  end
  local delayed = due > now
  local fields = {
    'id', id, 'kind', ARGV[i + 1], 'payload', ARGV[i + 2], 'status', delayed and 'scheduled' or 'pending',
    'attempts', '0', 'enqueued_at_ms', text(now), 'claim_token', '',
  }
  for at, name in ipairs(optional) do
    local value = ARGV[i + 3 + at]
    if value ~= '' then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  if delayed then
    fields[#fields + 1] = 'due_at_ms'
    fields[#fields + 1] = text(due)
  end
  call('HSET', JOB .. id, unpack(fields))
  if delayed then
    call('ZADD', DELAYED, text(due), id)
    sooner = sooner or not earliest or due < tonumber(earliest)
  else
    pending[#pending + 1] = id
  end
end
if #pending > 0 then
  call('LPUSH', PENDING, unpack(pending))
end
call('SET', CALL, answer, 'PX', ARGV[1])
count('enqueued_total', #new)
if #pending > 0 or sooner then
  hint()
end
return answer
