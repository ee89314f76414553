-- The leanest step of a worker that keeps the guide's lists, hash fields, tokens and events: completes the jobs of one
-- claim and makes the next. The history is kept by deleting what drops out of it, and one event tells of all completions.
-- KEYS pending, processing, completed, the channel of events
-- ARGV[1] prefix of the job hashes  [2] how many to claim  [3] token of this claim  [4] token of the last one
--   [5] completed jobs to keep; then for each job of the last claim: id, result
-- returns { how many were completed, then for each claimed job: id, payload, attempt }
local prefix, max, token, owner, keep = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local clock = redis.call('TIME')
local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))

local completed = {}
for i = 6, #ARGV, 2 do
  local id = ARGV[i]
  local hash = prefix .. id
  if redis.call('HGET', hash, 'claim_token') == owner and redis.call('LREM', KEYS[2], -1, id) == 1 then
    redis.call('HSET', hash, 'status', 'completed', 'completed_at_ms', now, 'result', ARGV[i + 1])
    completed[#completed + 1] = id
  end
end
if #completed > 0 then
  local over = redis.call('LPUSH', KEYS[3], unpack(completed)) - keep
  if over > 0 then
    local old = redis.call('RPOP', KEYS[3], over)
    for i = 1, #old do
      old[i] = prefix .. old[i]
    end
    redis.call('UNLINK', unpack(old))
  end
  redis.call('PUBLISH', KEYS[4], '{"status":"completed","ids":["' .. table.concat(completed, '","') .. '"]}')
end

local reply = { #completed }
local ids = max > 0 and redis.call('RPOP', KEYS[1], max)
if ids then
  for i = 1, #ids do
    local id = ids[i]
    local hash = prefix .. id
    local f = redis.call('HMGET', hash, 'payload', 'attempts')
    local attempt = f[2] + 1
    redis.call('HSET', hash, 'status', 'processing', 'claim_token', token, 'claimed_at_ms', now, 'attempts', attempt)
    reply[#reply + 1] = id
    reply[#reply + 1] = f[1]
    reply[#reply + 1] = attempt
  end
  redis.call('LPUSH', KEYS[2], unpack(ids))
end
return reply
