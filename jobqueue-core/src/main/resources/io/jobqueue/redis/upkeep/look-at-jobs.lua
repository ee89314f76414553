-- Reads some jobs that the audit found by their keys. Writes nothing.
-- needs: words/look
-- KEYS the queue's; then the key of the suspects
-- ARGV ids
-- returns { the queue, a look at each id }; see words/look
local looks = {}
for i, id in ipairs(ARGV) do
  looks[i] = look(id)
end
return { look_at_queue(), looks }
