-- What every script begins with: names for the queue's keys, the clock, and the words that several transitions share.
-- KEYS[1] the root of the queue's keys, which all begin with it and share a slot. Names are built here, because that is
-- cheaper for Redis than to receive them.
local call, try = redis.call, redis.pcall
local ROOT = KEYS[1]
local PENDING, PROCESSING, COMPLETED, FAILED = ROOT .. 'pending', ROOT .. 'processing', ROOT .. 'completed', ROOT .. 'failed'
local DELAYED, WAKE, META, EVENTS, JOB = ROOT .. 'delayed', ROOT .. 'wake', ROOT .. 'meta', ROOT .. 'events', ROOT .. 'job:'

-- A whole number as text. Lua itself writes large ones as 1.79e+12, and '%.0f' takes ten times as long.
local function text(n)
  if n < 1e9 then
    return string.format('%d', n)
  end
  local low = n % 1e9
  return string.format('%d%09d', (n - low) / 1e9, low)
end

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW = text(now)

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
