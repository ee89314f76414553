-- Claims the next jobs: promotes what is due, takes the oldest ids, stamps them with token, attempt, fence and lease.
-- KEYS the queue's
-- ARGV[1] how many at the most  [2] token of this call, not empty  [3] lease (ms)  [4] how long a run's keys live on (ms)
-- returns { ms to the next due job or -1, how many still wait, { lost ids }, { run id, state, … } of the runs that ended,
--   then for each job: id, payload, attempt, fence, kind, max_attempts, run_id, unit_id, headers, enqueued_at_ms,
--   the run it gathers }
local max, token, lease, ttl = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local PROMOTE = 100
local PASS = 500 -- from so many ids on a call leaves the rest to the next one
local waiting = read('LLEN', PENDING)
read('LLEN', PROCESSING)
read('LLEN', FAILED)
local hints = read('LLEN', WAKE)
local due = read('ZRANGEBYSCORE', DELAYED, '-inf', text(now), 'LIMIT', 0, PROMOTE)
local meta = read('HMGET', META, 'claims_total', 'next_sweep')
local fence, next_sweep = number(meta[1], 0), number(meta[2], nil)

local jobs, lost, broken, astray, seen, passed = {}, {}, {}, {}, {}, {}
local room = max
-- An id that only stands there takes no room: its job has ended, as those of a cancelled run have, or it comes a second time.
local function take(id)
  if seen[id] then
    return
  end
  local f = try('HMGET', JOB .. id, 'status', 'payload', 'attempts', 'kind', 'max_attempts', 'run_id', 'unit_id',
    'headers', 'enqueued_at_ms', 'gathers', 'in_pending')
  seen[id] = true
  if f[1] == 'completed' or f[1] == 'failed' then
    if f[11] then
      passed[#passed + 1] = id
    end
    return
  end
  room = room - 1
  if f.err or not (f[1] or f[2]) then
    lost[#lost + 1] = id
  elseif f[1] == 'processing' then
    astray[#astray + 1] = id
  elseif f[2] then
    jobs[#jobs + 1] = { id, f }
  else
    lost[#lost + 1] = id
    broken[#broken + 1] = { id, f[6], f[7], f[10] }
  end
end

-- the oldest first; due jobs join at the back, and are taken at once when there is room
local popped, direct = 0, 0
while room > 0 and popped < math.min(waiting, PASS) do
  local page = call('LRANGE', PENDING, -popped - math.max(room, popped > 0 and 100 or 0), -popped - 1)
  for i = #page, 1, -1 do
    if room > 0 then
      popped = popped + 1
      take(page[i])
    end
  end
end
while room > 0 and direct < #due do
  direct = direct + 1
  take(due[direct])
end
local promoted = {}
for i = direct + 1, #due do
  local id = due[i]
  local status = try('HGET', JOB .. id, 'status')
  if seen[id] or status == 'completed' or status == 'failed' then
    seen[id] = true
  elseif not status or type(status) == 'table' then
    lost[#lost + 1] = id
  elseif status == 'processing' then
    astray[#astray + 1] = id
  else
    promoted[#promoted + 1] = id
  end
end

begin_writing()
if popped > 0 then
  call('RPOP', PENDING, popped)
end
if #due > 0 then
  call('ZREM', DELAYED, unpack(due))
end
for _, id in ipairs(passed) do
  call('HDEL', JOB .. id, 'in_pending')
end
-- A guide client that was overtaken by a sweep between its pop and its stamp has a job that stands in `pending`. It is
-- left to it, and put where sweeps will find it when that client dies.
for _, id in ipairs(astray) do
  if not call('LPOS', PROCESSING, id) then
    call('LPUSH', PROCESSING, id)
    next_sweep = now
    call('HSET', META, 'next_sweep', text(now))
  end
end
local reply = { -1, 0, lost, {} }
if #jobs > 0 then
  local claimed, deadline = {}, now + lease
  for _, job in ipairs(jobs) do
    local id, f = job[1], job[2]
    local attempt = number(f[3], 0) + 1
    fence = fence + 1
    claimed[#claimed + 1] = id
    call('PERSIST', JOB .. id)
    call('HSET', JOB .. id, 'status', 'processing', 'claim_token', token, 'claimed_at_ms', text(now), 'started_at_ms',
      text(now), 'attempts', text(attempt), 'fence', text(fence), 'lease',
      token .. ':' .. text(deadline) .. ':' .. text(lease))
    for _, value in ipairs({ id, f[2], text(attempt), text(fence), f[4], f[5], f[6], f[7], f[8], f[9], f[10] }) do
      reply[#reply + 1] = value
    end
  end
  call('LPUSH', PROCESSING, unpack(claimed))
  call('HSET', META, 'claims_total', text(fence))
  if not next_sweep or next_sweep > deadline then
    call('HSET', META, 'next_sweep', text(deadline))
  end
end
if #promoted > 0 then
  for _, id in ipairs(promoted) do
    call('HSET', JOB .. id, 'status', 'pending')
  end
  call('LPUSH', PENDING, unpack(promoted))
end
for _, job in ipairs(broken) do
  bury_lost(job[1], job[2], job[3], job[4], ttl)
end
count('lost_total', #lost)

local left = waiting - popped + #promoted
if left > 0 then
  hint()
elseif hints > 0 then
  call('DEL', WAKE)
end
local earliest = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2]
if earliest then
  reply[1] = math.max(0, math.ceil(tonumber(earliest)) - now)
end
reply[2] = left
reply[4] = end_runs()
return reply
