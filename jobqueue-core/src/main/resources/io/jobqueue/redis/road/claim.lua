-- Claims the next jobs: takes the oldest ids of `pending` and due jobs, and writes token, attempt, fence and lease into each.
-- KEYS the queue's
-- ARGV[1] how many at most  [2] token of this call, not empty  [3] lease (ms)  [4] how long a run's keys live on (ms)
-- returns { ms to the next due job or -1, how many still wait, { run id, state, … } of the runs that ended, { expired
--   ids }, { ids of cancelled jobs }, fence of the first job, each further job has one more; then for each job: id, payload,
--   kind, enqueued_at_ms, and false, or when it is not the first attempt or there is `more` of the job: { attempt,
--   max_attempts, run_id, unit_id, headers, run it gathers, its unique key, its deadline, id of the job that follows it } }
-- needs: words/expiry words/first-write words/known words/paused-kinds words/wake doors/pass-over
-- goes on in: road/claim-rest
local max, token, lease = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local PROMOTE = 100
local BYTES = 4 * 1024 * 1024 -- payloads of one claim; the job that reaches it is the last
local PASS = 500 -- from so many ids on a call leaves the rest to the next one
local waiting = read('LLEN', PENDING)
read('LLEN', PROCESSING)
local next_due = tonumber(read('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])
local due = next_due and next_due <= now and call('ZRANGEBYSCORE', DELAYED, '-inf', NOW, 'LIMIT', 0, PROMOTE) or {}
local meta = read('HMGET', META, 'claims_total', 'next_sweep', 'paused', 'paused_kinds')
local fence, next_sweep = number(meta[1], 0), number(meta[2], nil)
if meta[3] then
  return { -1, 0, {}, {}, {}, 0 } -- the queue is paused; admin/pause gives a hint when it goes on
end
local kinds = meta[4] and paused_kinds(meta[4]) -- nil as a rule
local ids, hashes, jobs = {}, {}, {} -- of what is claimed
local missing, expired, undone, astray, seen, passed, held = {}, {}, {}, {}, {}, {}, {}
local room, bytes = max, 0
-- An id takes no room when its job has ended, for example a cancelled one, or when the id occurs a second time.
local function take(id)
  if seen[id] then
    return
  end
  seen[id] = true
  local hash = JOB .. id
  local f = try('HMGET', hash, 'status', 'payload', 'attempts', 'kind', 'enqueued_at_ms', 'more')
  local status, payload = f[1], f[2]
  if status == 'completed' or status == 'failed' then
    passed[#passed + 1] = hash
    return
  end
  room = room - 1
  if status == 'processing' then
    astray[#astray + 1] = id
  elseif payload and f[6] == 'expires' and f[3] == '0' and has_expired(hash, f[5]) then
    expired[#expired + 1] = id
  elseif payload and f[6] == 'cancelled' then
    undone[#undone + 1] = id -- a client of the guide let it wait again
  elseif payload and kinds and kinds.slot_of(f[4], payload) then
    room, held[#held + 1] = room + 1, { id, kinds.slot_of(f[4], payload) }
  elseif payload then
    local n = #ids + 1
    ids[n], hashes[n], jobs[n] = id, hash, f
    bytes = bytes + #payload
    if bytes >= BYTES then
      room = 0
    end
  else
    missing[#missing + 1] = id
  end
end

-- the oldest first: jobs that were held, then jobs that wait; due jobs come behind them, and are taken when there is room
local popped, direct, returned, resumed, resumed_at = 0, 0, 0, {}, nil
if kinds then
  resumed, resumed_at = kinds.resumed(max)
end
while room > 0 and returned < #resumed do
  returned = returned + 1
  take(resumed[returned])
end
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
    missing[#missing + 1] = id
  elseif status == 'processing' then
    astray[#astray + 1] = id
  else
    promoted[#promoted + 1] = id
  end
end
stop_unless_known(missing)
if #expired + #undone > 0 then
  read('LLEN', FAILED)
end

-- none of the first writes needs memory, and a call that finds nothing writes nothing
if popped == 0 and #due == 0 and waiting > 0 then
  begin_writing()
end
if popped > 0 then
  call('LTRIM', PENDING, 0, -popped - 1)
end
if returned > 0 then
  call('ZREM', DELAYED, unpack(resumed, 1, returned))
end
if #due > 0 then
  call('ZREM', DELAYED, unpack(due))
  next_due = tonumber(call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2])
end
for _, hash in ipairs(passed) do
  pass_over(hash)
end
local left = waiting - popped + #promoted + math.max(#resumed - returned, #resumed - max)
local wait = next_due and next_due < HELD and math.max(0, math.ceil(next_due) - now) or -1
local reply = { wait, left, {}, expired, undone, fence + 1 }
if #ids > 0 then
  local deadline, n = now + lease, #reply
  local promise = token .. ':' .. text(deadline) .. ':' .. text(lease) -- as words/lease writes it
  for i, f in ipairs(jobs) do
    local hash, attempt, further = hashes[i], 1, false
    if f[3] ~= '0' or f[6] or not f[4] then
      attempt = number(f[3], 0) + 1
      further = { attempt, unpack(call('HMGET', hash, 'max_attempts', 'run_id', 'unit_id', 'headers', 'gathers', 'unique', 'deadline',
        'next_id')) }
      if not f[6] or attempt > 1 then
        call('PERSIST', hash) -- ours have no time to live before their job has ended once
      end
    end
    fence = fence + 1
    call('HSET', hash, 'status', 'processing', 'claim_token', token, 'claimed_at_ms', NOW, 'started_at_ms', NOW,
      'attempts', attempt == 1 and '1' or text(attempt), 'fence', text(fence), 'lease', promise)
    reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4], reply[n + 5] = ids[i], f[2], f[4], f[5], further
    n = n + 5
  end
  call('LPUSH', PROCESSING, unpack(ids))
  call('HSET', META, 'claims_total', text(fence))
  if not next_sweep or next_sweep > deadline then
    call('HSET', META, 'next_sweep', text(deadline))
  end
end
if #promoted + #astray + #missing + #expired + #undone == 0 and not kinds then
  keep_hint(left)
  return reply
end
