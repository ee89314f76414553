-- Returns the next turn of the audit: a page of the walk over the lists, and the suspicions that are one lease old. All
-- processes share one walk; the process that asks first after the pause gets the turn. Changes no job.
-- needs: words/look
-- KEYS the queue's; then the key of the suspects
-- ARGV[1] pause between two turns (ms)  [2] pause when nothing waits or runs (ms)  [3] lease (ms)
-- returns { ms to the next turn, cursor of the look for keys; and unless it is not time yet: the queue, the page as
--   pairs of place and id, delayed ids whose score is not a valid time, suspicions to confirm, a look at each id of
--   these, in the same order }
--
-- Fields of `meta`: audit (the place, and the distance from its tail of the ids that are left), audit_cursor,
-- next_audit.
local pause, idle_pause, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local PAGE, SUSPICIONS = 100, 100
local AFTER = { pending = 'delayed', delayed = 'processing', processing = 'completed', completed = 'failed' }
local meta = read('HMGET', META, 'next_audit', 'audit', 'audit_cursor')
local next_audit = number(meta[1], 0)
local cursor = meta[3] and string.find(meta[3], '^%d+$') and meta[3] or '0'
if now < next_audit and next_audit <= now + idle_pause then
  return { next_audit - now, cursor }
end
local suspicions = read('ZCARD', SUSPECTS)

local page, spoilt, looks = {}, {}, {}
local place, distance = string.match(meta[2] or '', '^(%a+):(%d+)$')
distance = number(distance, nil)
if not (place and length[place] and distance) then
  place, distance = 'pending', length.pending
end
local room = PAGE
while place and room > 0 do
  distance = math.min(distance, length[place])
  local rest = math.max(0, distance - room)
  if distance > 0 and place == 'delayed' then
    local scored = call('ZRANGE', DELAYED, rest, distance - 1, 'WITHSCORES')
    for i = 1, #scored, 2 do
      page[#page + 1], page[#page + 2] = place, scored[i]
      local score = tonumber(scored[i + 1])
      if not score or score ~= score or score >= 9007199254740992 then
        spoilt[#spoilt + 1] = scored[i]
      end
    end
  elseif distance > 0 then
    for _, id in ipairs(call('LRANGE', LIST[place], -distance, -(rest + 1))) do
      page[#page + 1], page[#page + 2] = place, id
    end
  end
  room, distance = room - (distance - rest), rest
  if distance == 0 then
    place = AFTER[place]
    distance = place and length[place]
  end
end
local due = suspicions > 0 and call('ZRANGEBYSCORE', SUSPECTS, '-inf', text(now - lease), 'LIMIT', 0, SUSPICIONS) or {}
for i = 2, #page, 2 do
  looks[#looks + 1] = look(page[i])
end
for _, id in ipairs(spoilt) do
  looks[#looks + 1] = look(id)
end
for _, suspicion in ipairs(due) do
  looks[#looks + 1] = look(string.match(suspicion, '^%l+|[%l-]+|%x*|(.*)$') or '')
end

local idle = suspicions == 0 and length.pending + length.delayed + length.processing == 0
local rest = idle and idle_pause or pause
call('HSET', META, 'audit', place and place .. ':' .. text(distance) or '', 'next_audit', text(now + rest))
if suspicions > 0 then
  call('ZREMRANGEBYSCORE', SUSPECTS, '(' .. NOW, '+inf') -- the clock went back
end
return { rest, cursor, look_at_queue(), page, spoilt, due, looks }
