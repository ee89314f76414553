-- Every script begins with this file: the names of the queue's keys, the time, and three functions that all scripts
-- use.
-- KEYS[1] is the root of the queue's keys, which all begin with it and share a slot. The names are built here, because
-- Redis spends less on that than on receiving them.
local call, try = redis.call, redis.pcall
local ROOT = KEYS[1]
local PENDING, PROCESSING, COMPLETED, FAILED = ROOT .. 'pending', ROOT .. 'processing', ROOT .. 'completed', ROOT .. 'failed'
local DELAYED, WAKE, META, EVENTS, JOB = ROOT .. 'delayed', ROOT .. 'wake', ROOT .. 'meta', ROOT .. 'events', ROOT .. 'job:'

-- The time in ms of the epoch, as a number and as text.
local clock = call('TIME')
local ms = math.floor(clock[2] / 1000)
local now, NOW = clock[1] * 1000 + ms, clock[1] .. string.format('%03d', ms)

-- A whole number as text. Lua itself writes large numbers as 1.79e+12, and '%.0f' takes ten times as long.
local function text(n)
  if n < 1e9 then
    return string.format('%d', n)
  end
  local low = n % 1e9
  return string.format('%d%09d', (n - low) / 1e9, low)
end

-- A whole number from a field that may be absent, or that another client may have damaged.
local function number(value, otherwise)
  local n = tonumber(value)
  if n and n >= 0 and n < 9007199254740992 then
    return math.floor(n)
  end
  return otherwise
end

-- The first command of a script on a key. It checks the key's type as well, and its error names the key.
local function read(command, key, ...)
  local reply = try(command, key, ...)
  if type(reply) == 'table' and reply.err then
    error(key .. ': ' .. reply.err, 0)
  end
  return reply
end
