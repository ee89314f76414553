-- Creates jobs: a hash each, and the id at the back of `pending` or in `delayed`. A job whose id exists is not touched.
-- KEYS the queue's; then the key of this call, which answers a replay by the driver
-- ARGV[1] how long the call is remembered (ms)  [2] 1 when some of the jobs may be delayed, else 0; then for each job:
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
local earliest = ARGV[2] == '1' and tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])

-- When a job is due, and its further fields as pairs.
local function more_of(i, words)
  local due, when, fields = now, ARGV[i + 4], { unpack(ARGV, i + 5, i + 3 + words) }
  if when ~= '' then
    due = string.sub(when, 1, 1) == '+' and now + tonumber(when) or tonumber(when)
  end
  if #fields > 0 then
    fields[#fields + 1], fields[#fields + 2] = 'more', '1' -- who claims the job looks for them only when this says so
  end
  if due > now then
    fields[#fields + 1], fields[#fields + 2] = 'due_at_ms', text(due)
  end
  return due, fields
end

-- the first write needs memory on purpose: a full Redis refuses the whole call
local NONE, answer, pending, sooner = {}, {}, {}, false
local n, created, i, last = 0, 0, 3, #ARGV
while i <= last do
  local id, words = ARGV[i], ARGV[i + 3]
  local hash = JOB .. id
  n = n + 1
  if call('EXISTS', hash) == 1 then
    answer[n] = 'E'
  else
    answer[n] = 'C'
    created = created + 1
    local due, fields = now, NONE
    if words ~= '' then
      due, fields = more_of(i, words)
    end
    call('HSET', hash, 'id', id, 'kind', ARGV[i + 1], 'payload', ARGV[i + 2], 'status', due > now and 'scheduled' or 'pending',
      'attempts', '0', 'enqueued_at_ms', NOW, 'claim_token', '', unpack(fields))
    if due > now then
      call('ZADD', DELAYED, text(due), id)
      sooner = sooner or not earliest or due < earliest
    else
      pending[#pending + 1] = id
    end
  end
  i = i + 4 + (tonumber(words) or 0)
end
answer = table.concat(answer)
if created == 0 then
  return answer
end
if #pending > 0 then
  call('LPUSH', PENDING, unpack(pending))
end
call('SET', CALL, answer, 'PX', ARGV[1])
call('HSET', META, 'enqueued_total', text(enqueued_total + created))
if hints == 0 and (#pending > 0 or sooner) then
  call('LPUSH', WAKE, '1')
end
return answer
