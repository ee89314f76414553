-- The leanest enqueue of many jobs that leaves what the guide's clients leave.
-- KEYS[1] pending; ARGV[1] prefix of the job hashes, then for each job: id, payload
-- returns how many
local clock = redis.call('TIME')
local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
local prefix, ids = ARGV[1], {}
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  ids[#ids + 1] = id
  redis.call('HSET', prefix .. id, 'id', id, 'payload', ARGV[i + 1], 'status', 'pending', 'attempts', '0',
    'enqueued_at_ms', now, 'claim_token', '')
end
redis.call('LPUSH', KEYS[1], unpack(ids))
return #ids
