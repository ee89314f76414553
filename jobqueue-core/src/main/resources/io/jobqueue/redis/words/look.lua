-- Reads the state of some jobs at this instant, for the audit. Writes nothing and judges nothing.

local SHORT = 2000 -- a list up to this length is read whole, to count how often an id stands in it
local SUSPECTS = KEYS[#KEYS] -- what the audit will look at again, by the time of its first sight
local LIST = { pending = PENDING, processing = PROCESSING, completed = COMPLETED, failed = FAILED }
local FIELDS = { 'status', 'claim_token', 'attempts', 'claimed_at_ms', 'reclaimed_at_ms', 'due_at_ms', 'enqueued_at_ms',
  'last_error_at_ms', 'completed_at_ms', 'max_attempts', 'fence', 'crashes', 'id', 'lease', 'in_pending' }
local length = { delayed = read('ZCARD', DELAYED) }
for place, list in pairs(LIST) do
  length[place] = read('LLEN', list)
end

-- The type of the value under the key of a job: `absent`, `hash` or `another_type`; the fields, and a digest of them
-- that shows whether anything changed.
local function state_of(id)
  local f = try('HMGET', JOB .. id, unpack(FIELDS))
  if f.err then
    if string.find(f.err, 'WRONGTYPE', 1, true) then
      return 'another_type', {}, '', 0
    end
    error(JOB .. id .. ': ' .. f.err, 0) -- nobody can tell, for example while a cluster moves the key
  end
  local payload, all, any = call('HEXISTS', JOB .. id, 'payload'), {}, false
  for i = 1, #FIELDS do
    all[i] = f[i] or '-'
    any = any or f[i]
  end
  if payload == 0 and not any then
    return 'absent', {}, '', 0
  end
  return 'hash', f, redis.sha1hex(payload .. '|' .. table.concat(all, '|')), payload
end

local counts = {} -- by place: how often each id stands in a short list
local function copies(place, id)
  if length[place] > SHORT then
    return -1
  elseif not counts[place] then
    local count = {}
    for _, each in ipairs(length[place] > 0 and call('LRANGE', LIST[place], 0, -1) or {}) do
      count[each] = (count[each] or 0) + 1
    end
    counts[place] = count
  end
  return counts[place][id] or 0
end

-- { id, type of the value under its key, 1 if it has a payload, digest, PTTL, 1 if it is delayed, how often it is in
--   pending, processing, completed and failed, -1 if the list is long; then FIELDS }
local function look(id)
  local key, f, state, payload = state_of(id)
  local seen = { id, key, payload, state, key == 'hash' and call('PTTL', JOB .. id) or -1, call('ZSCORE', DELAYED, id) and 1 or 0,
    copies('pending', id), copies('processing', id), copies('completed', id), copies('failed', id) }
  for i = 1, #FIELDS do
    seen[#seen + 1] = f[i] or false
  end
  return seen
end

-- { the time, lengths of the places in the order of the names below, looks at jobs at the old ends of long lists }
local function look_at_queue()
  local lengths, next_ones = {}, {}
  for i, place in ipairs({ 'pending', 'delayed', 'processing', 'completed', 'failed' }) do
    lengths[i] = length[place]
    next_ones[i] = {}
    if place ~= 'delayed' and place ~= 'processing' and length[place] > SHORT then
      for j, id in ipairs(call('LRANGE', LIST[place], place == 'pending' and -10 or -1, -1)) do
        next_ones[i][j] = look(id)
      end
    end
  end
  return { now, lengths, next_ones }
end
