-- Takes back claims whose lease is over, a page of `processing` a call, from its head to its tail: nobody inserts at the
-- tail, so nothing is ever passed over. Jobs return to the head of the queue, or become dead letters when they have
-- lost too many workers.
-- KEYS the queue's
-- ARGV[1] mode: `background` obeys hold and next_sweep, `begin` starts a pass at once, `on` goes on with it
--   [2] period of the background sweeps (ms)  [3] lease (ms)  [4] max crashes  [5] dead letters to keep
--   [6] how long a run's keys live on (ms)
-- returns { reclaimed ids, ids of new dead letters, lost ids, dead letters dropped, 1 if the pass goes on else 0,
--   { run id, state, … } of the runs that ended, ids that were here although their job had ended }
--
-- Fields of `meta`: last_sweep, hold_left, cursor (distance from the tail of what is still to be seen, 0 between passes),
-- next_sweep (before it no lease can be over; lowered by claims and pages, set anew when a pass begins).
-- needs: words/runs words/history words/endings
local mode, period, lease, max_crashes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local keep_failed, ttl = tonumber(ARGV[5]), tonumber(ARGV[6])
local PAGE, MOVES, LONGEST = 200, 100, 7 * 24 * 3600 * 1000 -- no lease is longer
read('LLEN', PENDING)
read('LLEN', WAKE)
read('LLEN', FAILED)
local in_flight = read('LLEN', PROCESSING)
local meta = read('HMGET', META, 'last_sweep', 'hold_left', 'cursor', 'next_sweep')
local last, hold, cursor, next_sweep = number(meta[1], nil), number(meta[2], 0), number(meta[3], 0), number(meta[4], nil)

begin_writing()
local function rest(...)
  call('HSET', META, ...)
  return { {}, {}, {}, 0, 0, {}, {} }
end
if mode == 'background' then
  -- After a gap, living workers get one lease to renew their claims first. The hold shrinks only by time in which sweeps
  -- ran, and a gap arms it only when none is running; else a crash loop would never reclaim anything.
  -- Of a gap three periods count, so that sweeps which are always late reclaim as well.
  local since = last and now - last or -1
  if hold == 0 and (since < 0 or since > 3 * period) then
    hold = lease
  else
    hold = math.max(0, hold - math.min(math.max(since, 0), 3 * period))
  end
  hold = math.min(hold, lease)
  call('HSET', META, 'last_sweep', NOW, 'hold_left', text(hold))
  if hold > 0 and in_flight > 0 then
    return { {}, {}, {}, 0, 0, {}, {} }
  end
end
if in_flight == 0 then
  return rest('cursor', '0', 'next_sweep', text(now + lease))
end
if next_sweep and next_sweep > now + lease then
  next_sweep = now -- the clock went back
end
if mode == 'begin' or cursor == 0 then
  if mode == 'background' and next_sweep and now < next_sweep then
    return { {}, {}, {}, 0, 0, {}, {} }
  elseif mode == 'on' then
    return { {}, {}, {}, 0, 0, {}, {} }
  end
  cursor, next_sweep = in_flight, now + lease
end
cursor = math.min(cursor, in_flight)
local earliest = next_sweep or now + lease

-- Until when the claim of a job is good. Writes down what must be remembered: a cut lease, or a first sight.
local marks = {}
local function deadline_of(id, f)
  local token = f[2] or ''
  local owner, promised, promise = string.match(f[3] or '', '^(.*):(%d+):(%d+)$')
  promised, promise = number(promised, nil), number(promise, nil)
  if token ~= '' and owner == token and f[1] == 'processing' and promised and promise then
    promise = math.min(promise, LONGEST)
    if promised > now + promise then
      promised = now + promise
      marks[#marks + 1] = { id, 'lease', token .. ':' .. text(promised) .. ':' .. text(promise) }
    end
    return promised
  end
  local claimed = number(f[4], 0)
  if token ~= '' and claimed > 0 and claimed <= now then
    return math.min(claimed, now) + lease -- a guide client's claim
  end
  -- popped by a guide client but not stamped yet, or stamped by a clock that is ahead: one lease from when we first saw it in this state
  local state = (f[6] or '') .. ',' .. (f[7] or '') .. ',' .. token .. ':'
  local seen = f[8] and string.sub(f[8], 1, #state) == state and number(string.sub(f[8], #state + 1), nil)
  if seen then
    return math.min(seen, now) + lease
  end
  marks[#marks + 1] = { id, 'seen', state .. NOW }
  return now + lease
end

local stale, lost, ended, seen_to, moves, taken = {}, {}, {}, math.max(0, cursor - PAGE), 0, {}
for i, id in ipairs(call('LRANGE', PROCESSING, -cursor, -(seen_to + 1))) do
  local distance = cursor - i
  local f = try('HMGET', JOB .. id, 'status', 'claim_token', 'lease', 'claimed_at_ms', 'crashes', 'attempts',
    'reclaimed_at_ms', 'seen', 'max_attempts', 'run_id', 'unit_id', 'payload', 'kind', 'id', 'gathers')
  if taken[id] or f[1] == 'completed' or f[1] == 'failed' then
    ended[#ended + 1] = { id = id, distance = distance } -- a foreign client's double claim left it here
    moves = moves + 1
  elseif f.err or not f[12] then
    lost[#lost + 1] = { id = id, distance = distance, f = f }
    taken[id] = true
    moves = moves + 1
  else
    local deadline = deadline_of(id, f)
    if deadline < now then
      stale[#stale + 1] = { id = id, distance = distance, f = f }
      taken[id] = true
      moves = moves + 1
    else
      earliest = math.min(earliest, deadline + 1)
    end
  end
  if moves >= MOVES then
    seen_to = distance
    break
  end
end

if moves > 0 then
  for _, entries in ipairs({ stale, lost, ended }) do
    for _, entry in ipairs(entries) do
      call('LSET', PROCESSING, -(entry.distance + 1), '')
    end
  end
  call('LREM', PROCESSING, cursor <= in_flight / 2 and -moves or moves, '')
end
-- A guide producer names run and unit in the payload. Nothing else is read from it, and only here, for a job that ends.
local function unit_of(f)
  if f[10] or f[13] or not string.find(f[12], '"run_id"', 1, true) then
    return f[10] or '', f[11] or ''
  end
  local ok, payload = pcall(cjson.decode, f[12])
  local run, unit = ok and type(payload) == 'table' and payload.run_id, ok and type(payload) == 'table' and payload.unit_id
  if type(run) == 'string' and type(unit) == 'string' and #run <= 128 and string.find(run, '^[%w_.:-]+$')
    and #unit <= 256 and not string.find(unit, '%c') then
    return run, unit
  end
  return '', ''
end
local back, dead, ended_ids = {}, {}, {}
for _, entry in ipairs(stale) do
  local id, f = entry.id, entry.f
  local crashes, attempts, limit = number(f[5], 0) + 1, number(f[6], 1), number(f[9], 0)
  call('PERSIST', JOB .. id)
  call('HSET', JOB .. id, 'crashes', text(crashes), 'reclaimed_at_ms', NOW)
  local reason
  if crashes > max_crashes or (limit > 0 and attempts >= limit) then
    reason = 'worker-died: ' .. text(crashes) .. ' of its workers fell silent, the last in attempt ' .. text(attempts)
  else
    reason = cancelled(id, f[10], f[15])
  end
  if reason then
    bury(id, reason)
    local run, unit = unit_of(f)
    fail_for_run(id, run, unit, f[15], reason, ttl)
    dead[#dead + 1] = id
  else
    call('HSET', JOB .. id, 'status', 'pending', 'claim_token', '', 'claimed_at_ms', '0')
    back[#back + 1] = id
  end
end
local gone = {}
for i, entry in ipairs(lost) do
  local f = entry.f
  if f[14] then
    bury_lost(entry.id, f[10], f[11], f[15], ttl)
  elseif not f.err then
    call('UNLINK', JOB .. entry.id) -- what a claim without a job left behind
  end
  gone[i] = entry.id
end
for _, mark in ipairs(marks) do
  call('HSET', JOB .. mark[1], mark[2], mark[3])
end
if #back > 0 then
  call('RPUSH', PENDING, unpack(back)) -- newest first, so that the oldest is the next
  hint()
end
local dropped = 0
if #dead > 0 then
  dropped = trim(FAILED, 'failed', call('LLEN', FAILED), keep_failed)
end
count('reclaimed_total', #back)
count('failed_total', #dead)
count('repaired_total', #ended)
count('dropped_total', dropped)
count('lost_total', #lost)
call('HSET', META, 'cursor', text(seen_to), 'next_sweep', text(earliest))
for i, entry in ipairs(ended) do
  ended_ids[i] = entry.id
  try('HDEL', JOB .. entry.id, 'in_pending') -- a guide client popped what was cancelled
end
return { back, dead, gone, dropped, seen_to > 0 and 1 or 0, end_runs(), ended_ids }
