-- Claims the next jobs: promotes what is due, takes the oldest ids, stamps them with token, attempt, fence and lease.
-- KEYS the queue's
-- ARGV[1] how many at the most  [2] token of this call, not empty  [3] lease (ms)
-- returns { ms to the next due job or -1, how many still wait, { lost ids },
--   then for each job: id, payload, attempt, fence, kind, max_attempts, run_id, unit_id, headers, enqueued_at_ms }
local max, token, lease = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local PROMOTE = 100
local waiting = call('LLEN', PENDING)
call('LLEN', PROCESSING)
call('LLEN', FAILED)
local hints = call('LLEN', WAKE)
local due = call('ZRANGEBYSCORE', DELAYED, '-inf', text(now), 'LIMIT', 0, PROMOTE)
local meta = call('HMGET', META, 'claims_total', 'next_sweep')
local fence, next_sweep = number(meta[1], 0), number(meta[2], nil)

-- the oldest first; due jobs join at the back, and are taken at once when there is room
local taken = max > 0 and waiting > 0 and call('LRANGE', PENDING, -max, -1) or {}
local popped = #taken
local ids = {}
for i = popped, 1, -1 do
  ids[#ids + 1] = taken[i]
end
local direct = 0
while #ids < max and direct < #due do
  direct = direct + 1
  ids[#ids + 1] = due[direct]
end

local jobs, lost, broken, seen = {}, {}, {}, {}
for _, id in ipairs(ids) do
  local f = try('HMGET', JOB .. id, 'status', 'payload', 'attempts', 'kind', 'max_attempts', 'run_id', 'unit_id',
    'headers', 'enqueued_at_ms')
  if f.err or not (f[1] or f[2]) then
    lost[#lost + 1] = id
  elseif not f[2] then
    lost[#lost + 1] = id
    broken[#broken + 1] = id
  elseif not seen[id] and f[1] ~= 'processing' and f[1] ~= 'completed' and f[1] ~= 'failed' then
    seen[id] = true
    jobs[#jobs + 1] = { id, f }
  end -- else an id that stands here a second time, or whose job has gone on: it only leaves the list
end
local promoted = {}
for i = direct + 1, #due do
  local status = try('HGET', JOB .. due[i], 'status')
  if status == 'scheduled' or status == 'pending' then
    promoted[#promoted + 1] = due[i]
  elseif not status or type(status) == 'table' then
    lost[#lost + 1] = due[i]
  end
end

begin_writing()
if popped > 0 then
  call('RPOP', PENDING, popped)
end
if #due > 0 then
  call('ZREM', DELAYED, unpack(due))
end
local reply = { -1, 0, lost }
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
    for _, value in ipairs({ id, f[2], text(attempt), text(fence), f[4], f[5], f[6], f[7], f[8], f[9] }) do
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
for _, id in ipairs(broken) do
  call('HSET', JOB .. id, 'status', 'failed', 'last_error', 'lost: the job has no payload', 'last_error_at_ms', text(now))
  call('LPUSH', FAILED, id)
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
return reply
