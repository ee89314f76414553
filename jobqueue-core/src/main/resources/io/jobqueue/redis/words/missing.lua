-- Remembers what a look did not find: the job of an id, or the output of a job. One look proves nothing, because a client
-- may write a list before the hash, and a replica that takes over may lag behind. What is missing at two looks, a lease
-- or more apart, is lost.

local MISSING = ROOT .. 'missing' -- sorted set of what is missing, by the time of the first look (ms)
local LONG_AGO = 3600 * 1000 -- a first look is void after this time and four leases without a second look

local any_missing -- whether anything is missing at all; read once a script, when it matters
local function is_any_missing()
  if any_missing == nil then
    any_missing = try('ZCARD', MISSING) ~= 0
  end
  return any_missing
end

-- When the first look was that missed something; nil when no look missed it.
local function missed_since(what, lease)
  local since = is_any_missing() and number(try('ZSCORE', MISSING, what), nil)
  return since and since <= now and now <= since + 4 * lease + LONG_AGO and since or nil
end

-- Remembers that this look misses something. Returns from when on (ms) it is lost, if it is still missing then.
local function miss(what, lease)
  local since = missed_since(what, lease)
  if not since then
    local kept = 4 * lease + LONG_AGO
    try('ZREMRANGEBYSCORE', MISSING, '-inf', text(now - kept))
    try('ZADD', MISSING, NOW, what)
    try('PEXPIRE', MISSING, text(kept))
    any_missing = true
  end
  return (since or now) + lease
end

-- Forgets that something was missing: it is here, or it was declared lost.
local function forget_missing(what)
  if is_any_missing() then
    try('ZREM', MISSING, what)
  end
end
