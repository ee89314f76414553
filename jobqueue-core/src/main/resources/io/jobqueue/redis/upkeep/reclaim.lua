-- Reclaims jobs whose lease has expired, one page of `processing` per call. A pass covers the claims that were in the
-- list when it began, and reads them by their distance from the tail. No client inserts at the tail, so a pass misses
-- no claim. Jobs return to the head of the queue, or become dead letters when they have lost too many workers.
-- KEYS the queue's
-- ARGV[1] mode: `background` obeys hold and next_sweep, `begin` starts a pass at once, `on` continues it
--   [2] period of the background sweeps (ms)  [3] lease (ms)  [4] max crashes  [5] dead letters to keep
--   [6] how long a run's keys live on (ms)  [7] when `processing` was seen empty (ms, Redis's clock), '' when that is
--   unknown  [8] how many failed attempts of a job to keep
-- returns { reclaimed ids, ids of new dead letters, lost ids, dead letters dropped, 1 if the pass goes on else 0,
--   { run id, state, … } of the runs that ended, ids that were here although their job had ended; why Redis refused a
--   message, if it did }
--
-- Fields of `meta`: last_sweep, hold_left, cursor (distance from the tail of what is still to be seen, 0 between
-- passes), next_sweep (no lease expires before it; lowered by claims and pages, set again when a pass begins).
-- needs: words/first-write words/lease words/missing doors/leave
-- goes on in: upkeep/reclaim-rest
local mode, period, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local PAGE, MOVES, LONGEST = 200, 100, 7 * 24 * 3600 * 1000 -- no lease is longer
read('LLEN', PENDING)
read('LLEN', FAILED)
local meta = read('HMGET', META, 'last_sweep', 'hold_left', 'cursor', 'next_sweep')
local last, hold, cursor, next_sweep = number(meta[1], nil), number(meta[2], 0), number(meta[3], 0), number(meta[4], nil)

begin_writing()
local function nothing(goes_on)
  return { {}, {}, {}, 0, goes_on and 1 or 0, {}, {} }
end
if mode == 'background' then
  -- An empty `processing` is not swept. A check that found it empty counts as a sweep at that time: every claim in it
  -- now is newer, so a gap before the check does not concern these claims. The check carries the time of Redis's clock,
  -- so an outage before this call does not make the check appear more recent.
  local emptied = number(ARGV[7], nil)
  if emptied and emptied <= now and (not last or emptied > last) then
    last, hold = emptied, 0
  end
  -- After a gap, living workers get one lease to renew their claims first. The hold shrinks only by time in which
  -- sweeps ran, and a gap arms it only when none is running; otherwise a crash loop would never reclaim anything. At
  -- most three periods of a gap count, so that sweeps which are always late also reclaim.
  local since = last and now - last or -1
  if hold == 0 and (since < 0 or since > 3 * period) then
    hold = lease
  else
    hold = math.max(0, hold - math.min(math.max(since, 0), 3 * period))
  end
  hold = math.min(hold, lease)
  call('HSET', META, 'last_sweep', NOW, 'hold_left', text(hold))
  if hold > 0 and in_flight > 0 then
    return nothing()
  end
end
if in_flight == 0 then
  call('HSET', META, 'cursor', '0', 'next_sweep', text(now + lease))
  return nothing()
end
if next_sweep and next_sweep > now + lease then
  next_sweep = now -- the clock went back
end
if mode == 'begin' or cursor == 0 then
  if mode == 'on' or mode == 'background' and next_sweep and now < next_sweep then
    return nothing()
  end
  cursor, next_sweep = in_flight, now + lease
end
cursor = math.min(cursor, in_flight)
local next_over = next_sweep or now + lease

-- The time until which the claim of a job is good. Notes what to write into the hash: a shortened lease, or the time at
-- which the sweep first saw the job.
local notes = {}
local function deadline_of(id, f)
  local token = f[2] or ''
  local promised, promise = lease_of(token, f[3])
  if f[1] == 'processing' and promised and promise then
    promise = math.min(promise, LONGEST)
    if promised > now + promise then
      promised = now + promise
      notes[#notes + 1] = { id, 'lease', lease_text(token, promised, promise) }
    end
    return promised
  end
  local claimed = number(f[4], 0)
  if token ~= '' and claimed > 0 and claimed <= now then
    return claimed + lease -- a guide client's claim
  end
  -- popped by a guide client but not stamped yet, or stamped by a clock that is ahead: one lease from when we first saw
  -- it in this state
  local state = (f[6] or '') .. ',' .. (f[7] or '') .. ',' .. token .. ':'
  local seen = f[8] and string.sub(f[8], 1, #state) == state and number(string.sub(f[8], #state + 1), nil)
  if seen then
    return math.min(seen, now) + lease
  end
  notes[#notes + 1] = { id, 'seen', state .. NOW }
  return now + lease
end

local stale, lost, found, astray, seen_to, taken = {}, {}, {}, {}, math.max(0, cursor - PAGE), {}
for i, id in ipairs(call('LRANGE', PROCESSING, -cursor, -(seen_to + 1))) do
  local distance = cursor - i
  local f = try('HMGET', JOB .. id, 'status', 'claim_token', 'lease', 'claimed_at_ms', 'crashes', 'attempts',
    'reclaimed_at_ms', 'seen', 'max_attempts', 'run_id', 'unit_id', 'payload', 'kind', 'id', 'gathers', 'more')
  local kind
  if taken[id] or f[1] == 'completed' or f[1] == 'failed' then
    kind = astray -- a foreign client's double claim left it here
  elseif f.err and not string.find(f.err, 'WRONGTYPE', 1, true) then
    next_over = now -- nobody can tell, for example while a cluster moves the key
  elseif f.err or not f[12] then
    local lost_at = miss('job|' .. id, lease)
    if lost_at <= now then
      kind, taken[id] = lost, true
    else
      next_over = math.min(next_over, lost_at)
    end
  else
    local since
    if f[1] == 'processing' then
      forget_missing('job|' .. id)
    else
      since = missed_since('job|' .. id, lease)
    end
    local deadline = since and since + lease - 1 or deadline_of(id, f)
    if deadline < now then
      kind, taken[id] = since and found or stale, true
    else
      next_over = math.min(next_over, deadline + 1)
    end
  end
  if kind then
    kind[#kind + 1] = { id = id, distance = distance, f = f }
    if #stale + #lost + #found + #astray >= MOVES then
      seen_to = distance
      break
    end
  end
end

for _, entry in ipairs(notes) do
  call('HSET', JOB .. entry[1], entry[2], entry[3])
end
call('HSET', META, 'cursor', text(seen_to), 'next_sweep', text(next_over))
if #stale + #lost + #found + #astray == 0 then
  return nothing(seen_to > 0)
end
