-- Pauses or resumes a kind. While it is paused, `road/claim` holds its jobs instead of handing them out.
-- KEYS the queue's
-- ARGV[1] 1 to pause, 0 to resume  [2] the kind  [3] who asks for it, without control characters
-- returns 1, or 0 when as many kinds are paused as there can be
-- needs: words/first-write words/paused-kinds words/wake
local kinds = paused_kinds(read('HGET', META, 'paused_kinds'))
local waiting = read('LLEN', PENDING) + read('ZCARD', DELAYED)
local kind, slots, place = ARGV[2], {}, nil
for at, each in ipairs(kinds) do
  slots[each.slot] = true
  place = each.kind == kind and at or place
end
local found, slot = kinds[place], 0
while slots[slot] do
  slot = slot + 1
end
if ARGV[1] == '1' and not found and slot >= SLOTS then
  return 0
end

begin_writing()
if ARGV[1] == '0' and found then
  found.state = 'resumed'
  if call('ZCOUNT', DELAYED, found.first, found.last) == 0 then
    table.remove(kinds, place)
  end
  kinds.write()
  keep_hint(waiting)
elseif ARGV[1] == '1' and not (found and found.state == 'paused') then
  local line = found or { kind = kind, slot = slot }
  line.state, line.since, line.by = 'paused', NOW, ARGV[3]
  kinds[place or #kinds + 1] = line
  kinds.write()
end
return 1
