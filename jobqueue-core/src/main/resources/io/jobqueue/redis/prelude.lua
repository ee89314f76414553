-- What every script begins with: names for the queue's keys, the clock, and the words that several transitions share.
-- KEYS: the fixed keys of one queue, in the order of QueueKeys; the last seven are prefixes, `EVENTS` and `LIFECYCLE`
-- are channels.
local call, try = redis.call, redis.pcall
local PENDING, PROCESSING, COMPLETED, FAILED, DELAYED, WAKE, META, EVENTS, LIFECYCLE, RUNS, AGENDA, RUN, UNITS, OUTPUTS,
  FAILURES, EARLY, LATE, JOB = unpack(KEYS)

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- A whole number as text; Lua itself writes large ones as 1.79e+12.
local function text(n)
  return string.format('%.0f', n)
end

-- A whole number from a field that may be absent, or spoilt by a foreign hand.
local function number(value, otherwise)
  local n = tonumber(value)
  if n and n >= 0 and n < 9007199254740992 then
    return math.floor(n)
  end
  return otherwise
end

-- The first read of a key in each script. It is the check of its type as well, and its error names the key.
local function read(command, key, ...)
  local reply = try(command, key, ...)
  if type(reply) == 'table' and reply.err then
    error(key .. ': ' .. reply.err, 0)
  end
  return reply
end

-- Under maxmemory a script may go on once it has executed a write that needs no memory. This one changes nothing.
local function begin_writing()
  call('HDEL', META, '_')
end

-- Raises a total. No HINCRBY: it would fail mid-way on a field that is no number.
local function count(total, by)
  if by > 0 then
    call('HSET', META, total, text(number(call('HGET', META, total), 0) + by))
  end
end

-- Wakes one idle worker. There is at most one hint, so that none is left over when the work is gone.
local function hint()
  if call('LLEN', WAKE) == 0 then
    call('LPUSH', WAKE, '1')
  end
end
