-- Lets copies of a waiting job wait, with other ids and other numbers in their payloads.
-- KEYS[1] pending  [2] hash of the job; ARGV[1] prefix of the job hashes  [2] id of the job
--   [3] number of the first copy  [4] number behind the last
-- returns how many
local prefix, id, from, to = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local fields = redis.call('HGETALL', KEYS[2])
local at = {}
for i = 1, #fields, 2 do
  at[fields[i]] = i + 1
end
local payload, head = fields[at.payload], string.sub(id, 1, -9) .. 'x' -- which no id of the queue has
local ids = {}
for number = from, to - 1 do
  local copy = head .. string.format('%07x', number)
  fields[at.id] = copy
  fields[at.payload] = string.gsub(payload, '"number":0', '"number":' .. number, 1)
  redis.call('HSET', prefix .. copy, unpack(fields))
  ids[#ids + 1] = copy
end
redis.call('LPUSH', KEYS[1], unpack(ids))
return #ids
